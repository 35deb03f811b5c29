import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { commandLineEntry } from '../running/server-process.ts';
import type { Flow } from './flow.ts';
import { uploadHeld } from './flow-checks.ts';
import { talkSeconds } from './flow-media.ts';
import { mp3Seconds } from './mp3-facts.ts';

const run = promisify(execFile);

export function describeCommandLine(flow: Flow): void {
  describe('the command line', () => {
    it('signs in, converts on the server and saves here, lists and cancels', { timeout: 180_000 }, async () => {
      const account = await flow.addedAccount();
      const folder = await mkdtemp(join(flow.media.folder, 'command-line-'));
      await copyFile(flow.media.talk, join(folder, 'talk.mp4'));
      const environment = {
        SOUNDLIFT_CONFIG: join(folder, 'config'),
        SOUNDLIFT_EMAIL: account.email,
        SOUNDLIFT_PASSWORD: account.password,
      };
      const soundlift = async (...words: readonly string[]): Promise<string> => {
        const env = { ...process.env, ...environment };
        const { stdout, stderr } = await run(process.execPath, [commandLineEntry, ...words], { cwd: folder, env });
        expect(stderr).toBe('');
        return stdout;
      };
      const server = flow.backend.url();

      expect(await soundlift('login', server)).toBe(`Signed in to ${new URL(server).host} as ${account.email}.\n`);
      expect(await soundlift('convert', 'talk.mp4', '--server', server)).toMatch(/^talk\.mp4 -> talk\.mp3 /m);
      expect(await mp3Seconds(await readFile(join(folder, 'talk.mp3')))).toBeCloseTo(talkSeconds, 1);
      const { id } = await uploadHeld(flow, account);
      expect(await soundlift('cancel', id)).toMatch(/^Cancelled \S+\.mkv\.\n$/);
      await flow.backend.ffmpeg.release();
      expect(await soundlift('list')).toMatch(/cancelled +\S+\.mkv {2}\S+\n.*done +talk\.mp4 {2}\S+$/m);
    });
  });
}
