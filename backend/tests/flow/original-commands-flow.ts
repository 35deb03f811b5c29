import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { conversionSchema } from '../../../shared/api.ts';
import type { Flow } from './flow.ts';
import { talkSeconds } from './flow-media.ts';
import { mp3Seconds } from './mp3-facts.ts';

const run = promisify(execFile);

/** The commands as the original system documents them, with another host. */
export function describeOriginalCommands(flow: Flow): void {
  describe("the original's three commands, with curl", () => {
    it('print a token, upload a video, and download its MP3', async () => {
      const { email, password, ended } = await flow.account();
      const folder = await mkdtemp(join(flow.media.folder, 'curl-'));
      await copyFile(flow.media.talk, join(folder, 'vid.mp4'));
      const curl = async (...words: readonly string[]): Promise<string> =>
        (await run('curl', ['--silent', '--show-error', '--fail', ...words], { cwd: folder })).stdout;
      const host = flow.backend.url();

      const token = await curl('-X', 'POST', `${host}/login`, '-u', `${email}:${password}`);
      expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      const authorization = `Authorization: Bearer ${token}`;

      const uploaded = await curl('-X', 'POST', '-F', 'file=@vid.mp4', '-H', authorization, `${host}/upload`);
      const { id, fileName } = conversionSchema.parse(JSON.parse(uploaded));
      expect(fileName).toBe('vid.mp4');
      await ended(id);

      await curl('--output', 'out.mp3', '-H', authorization, `${host}/download?fid=${id}`);
      expect(await mp3Seconds(await readFile(join(folder, 'out.mp3')))).toBeCloseTo(talkSeconds, 1);
    });

    it('keep a name in any script', async () => {
      const { token, get } = await flow.account();
      const folder = await mkdtemp(join(flow.media.folder, 'curl-'));
      const name = 'Grüße – 講演 🎬.mp4';
      await copyFile(flow.media.talk, join(folder, name));
      const authorization = `Authorization: Bearer ${token}`;
      const { stdout } = await run(
        'curl',
        ['-sS', '-F', `file=@${name}`, '-H', authorization, `${flow.backend.url()}/upload`],
        { cwd: folder },
      );
      const { id } = conversionSchema.parse(JSON.parse(stdout));
      expect((await get(id)).fileName).toBe(name);
    });
  });
}
