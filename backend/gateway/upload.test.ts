import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { conversionSchema } from '../../shared/api.ts';
import { setUpTestGateway } from '../tests/gateway-for-each-test.ts';
import { openRaw } from '../tests/raw-request.ts';
import { boundary, type FormPart, filePart, formOf, postForm, uploadHead } from '../tests/upload-form.ts';

const stand = setUpTestGateway();

const head = (more: string): string => uploadHead(stand.ada.token, more);

describe('an upload', () => {
  it('becomes a queued conversion with unchanged bytes', async () => {
    const video = Buffer.from(Array.from({ length: 3_000_001 }, (_, i) => (i * i) % 251));
    const conversion = await stand.ada.upload(new Uint8Array(video));
    expect(conversion).toMatchObject({
      state: 'queued',
      fileName: 'talk.mp4',
      sourceBytes: 3_000_001,
      options: { format: 'mp3' },
      progress: 0,
      attempt: 1,
    });
    const stored = await buffer(await stand.gateway.test.videos.open(conversion.id));
    expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(video).digest('hex'));
    expect(stand.gateway.test.videoQueue.take()).toEqual([conversion.id]);
  });

  it('of an empty file becomes a conversion too; the converter refuses it', async () => {
    expect(await stand.ada.upload('')).toMatchObject({ state: 'queued', sourceBytes: 0 });
  });

  it('keeps bytes of a video that resemble a boundary', async () => {
    const contents = `a\r\n--${boundary.slice(0, -1)}\r\n--\r\n\r\n--${boundary.slice(0, 5)}`;
    const conversion = conversionSchema.parse(await (await postForm(stand.ada, formOf([filePart(contents)]))).json());
    expect(String(await buffer(await stand.gateway.test.videos.open(conversion.id)))).toBe(contents);
  });

  it.each([
    ['vid é 😀.mp4', 'vid é 😀.mp4'],
    ['C:\\\\videos\\\\vid.mp4', 'vid.mp4'],
    ['../../vid.mp4', 'vid.mp4'],
    ['a\\"b.mp4', 'a"b.mp4'],
    ['a\0b.mp4', 'ab.mp4'],
  ])('named %j, sent raw as curl does, is named %j', async (sent, kept) => {
    expect(await (await postForm(stand.ada, formOf([filePart('video', sent)]))).json()).toMatchObject({
      fileName: kept,
    });
  });

  it.each(['Grüße.m4a', 'Année – été.mp4', '../Grüße "1".mp4', 'vid.mp4'])(
    'named %j in Latin-1 bytes has that name',
    async (name) => {
      const sent = name.replaceAll('"', '\\"').replace('–', '\u0096');
      const part = { ...filePart('video', sent), encoding: 'latin1' } as const;
      const field = {
        disposition: 'form-data; name="größe"',
        contents: 'x',
        type: 'text/plain',
        encoding: 'latin1',
      } as const;
      const answer = await postForm(stand.ada, formOf([field, part]));
      expect(await answer.json()).toMatchObject({ fileName: name.replace('../', ''), sourceBytes: 5 });
    },
  );

  it('arrives intact in chunks of one byte', async () => {
    const connection = await openRaw(stand.gateway.url);
    const form = formOf([filePart('some video')]);
    await connection.send(head(`Connection: close\r\nContent-Length: ${form.byteLength}\r\n`));
    for (const byte of form) await connection.send(Uint8Array.of(byte));
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 200 .*"sourceBytes":10/s);
  });

  it('ignores other fields of the form, as the original did', async () => {
    const field: FormPart = { disposition: 'form-data; name="comment"', contents: 'hello', type: 'text/plain' };
    expect((await postForm(stand.ada, formOf([field, filePart(), field]))).status).toBe(200);
  });

  it('ends at its closing boundary, and is answered at the end of the body', async () => {
    const form = formOf([filePart()]);
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head(`Connection: close\r\nContent-Length: ${form.byteLength + 4}\r\n`));
    await connection.send(form);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await connection.send('\r\n\r\n');
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 200 /);
  });
});

it('accepts a video of exactly the maximum size', async () => {
  await stand.start({ settings: { maxUploadBytes: 100_000 } });
  expect(await stand.ada.upload('x'.repeat(100_000))).toMatchObject({ sourceBytes: 100_000 });
});

describe('a large upload', () => {
  it('is held back at the socket while its bytes are not stored, and does not fill memory', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let taken = 0;
    await stand.start({
      conversions: (real) => ({
        ...real,
        receive: (owner, intake, source, signal) => real.receive(owner, intake, slow(source), signal),
      }),
    });
    async function* slow(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        if (taken > 1_000_000) await released;
        taken += chunk.byteLength;
        yield chunk;
      }
    }
    const size = 60_000_000;
    const opening = formOf([filePart('')], '').subarray(0, -2);
    const end = `\r\n--${boundary}--\r\n`;
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head(`Connection: close\r\nContent-Length: ${opening.byteLength + size + end.length}\r\n`));
    await connection.send(opening);
    let handedOver = 0;
    const sending = (async () => {
      for (; handedOver < size; handedOver += 1_000_000) await connection.send(Buffer.alloc(1_000_000, 'x'));
      await connection.send(end);
    })();
    await expect.poll(() => taken).toBeGreaterThan(1_000_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The rest is in the system's buffers on both sides of the connection.
    expect(handedOver).toBeLessThan(size / 2);
    release();
    await sending;
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 200 .*"sourceBytes":60000000/s);
  });
});
