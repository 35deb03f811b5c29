import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Conversion, problemSchema } from '../../../shared/api.ts';
import type { Flow } from './flow.ts';
import { expectIdle, toldOf } from './flow-checks.ts';

/** Playlists that refer to other media, which a careless reader would fetch. */
const playlists: Readonly<Record<string, (target: string) => string>> = {
  'HLS playlist': (target) => `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${target}\n#EXT-X-ENDLIST\n`,
  'ffconcat list': (target) => `ffconcat version 1.0\nfile '${target}'\n`,
  'DASH manifest': (target) =>
    `<?xml version="1.0"?>
     <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S" minBufferTime="PT1S"
       profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="audio">
       <Representation id="1" bandwidth="64000" codecs="mp4a.40.2" mimeType="audio/mp4"><BaseURL>${target}</BaseURL>
     </Representation></AdaptationSet></Period></MPD>`,
};

export function describeBadSources(flow: Flow): void {
  describe('a source without audio', () => {
    it('fails at once with its own reason, while good ones are converted', async () => {
      const account = await flow.account();
      const { bad, talk, others } = flow.media;
      const good = [talk, ...others];
      const [failed, done] = await Promise.all([
        Promise.all(bad.map(async (source) => ({ ...source, ...(await account.upload(source.path)) }))),
        Promise.all(good.map((path) => account.upload(path))),
      ]);
      for (const { id } of done) expect((await account.ended(id)).state).toBe('done');
      for (const { id, what, codes } of failed) {
        const ended = await account.ended(id);
        expect({ what, state: ended.state, attempt: ended.attempt }).toEqual({ what, state: 'failed', attempt: 1 });
        expect({ what, code: ended.error?.code }).toEqual({
          what,
          code: expect.toSatisfy((code) => codes.includes(code)),
        });
        expectSentence(ended);
        expect((await toldOf(account, id)).counts).toEqual({ done: 0, failed: 1, warned: 0 });
        expect((await account.fetch(`/download?fid=${id}`)).status).toBe(409);
      }
      await expectIdle(flow);

      // None is retried, so the rows do not change.
      const before = await account.conversions();
      expect((await account.ended((await account.upload(talk)).id)).state).toBe('done');
      const after = await account.conversions();
      expect(after.slice(1)).toEqual(before);
      expect(after.filter(({ state }) => state === 'failed').length).toBe(bad.length);
    });

    it.each(Object.keys(playlists))(
      'that is a %s is refused, and nothing that it refers to is fetched',
      async (kind) => {
        const account = await flow.account();
        let asked = 0;
        const server = createServer((_request, response) => {
          asked += 1;
          response.end();
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as AddressInfo;
        try {
          const targets = [flow.media.talk, `file://${flow.media.talk}`, `http://127.0.0.1:${port}/talk.mp4`];
          const sources = targets.flatMap((target) => ['mp4', 'm3u8'].map((extension) => ({ target, extension })));
          await Promise.all(
            sources.map(async ({ target, extension }, index) => {
              const path = join(flow.media.folder, `list-${index}.${extension}`);
              await writeFile(path, playlists[kind]?.(target) ?? '');
              const ended = await account.ended((await account.upload(path)).id);
              expect([target, ended.state, ended.error?.code]).toEqual([target, 'failed', 'not_media']);
              expectSentence(ended);
            }),
          );
          expect(asked).toBe(0);
        } finally {
          server.close();
        }
      },
    );

    it('that is a session description is refused, and no port is opened for it', async () => {
      const account = await flow.account();
      const path = join(flow.media.folder, 'session.sdp');
      await writeFile(path, 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n');
      const ended = await account.ended((await account.upload(path)).id);
      expect([ended.state, ended.error?.code]).toEqual(['failed', 'not_media']);
    });
  });

  describe('an upload', () => {
    it.each([
      ['something other than a form', () => ({ body: 'x' })],
      ['a form without a file', () => ({ body: formOf(['other', 'text']) })],
      ['a form whose file has another name', () => ({ body: formOf(['video', new Blob(['x'])]) })],
      ['two files', () => ({ body: formOf(['file', new Blob(['x'])], ['file', new Blob(['y'])]) })],
    ])('of %s is refused and leaves nothing behind', async (_what, init) => {
      const account = await flow.account();
      const before = await flow.backend.stored();
      const answer = await account.fetch('/upload', { method: 'POST', ...init() });
      expect([answer.status, problemSchema.parse(await answer.json()).code]).toEqual([400, 'bad_request']);
      expect(await account.conversions()).toEqual([]);
      expect((await flow.backend.stored()).videos).toEqual(before.videos);
    });
  });
}

/** Expects an error message that can be shown to a person: a whole sentence without paths or program output. */
function expectSentence({ error }: Conversion): void {
  expect(error?.message).toMatch(/^[A-Z].{10,200}[.!]$/);
  expect(error?.message).not.toMatch(/[/\\]|ffmpeg|ffprobe|errno|exit/i);
}

function formOf(...parts: readonly (readonly [string, string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) form.append(name, value);
  return form;
}
