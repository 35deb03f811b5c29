import { spawn } from 'node:child_process';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAccount } from '../../backend/tests/running/api-client.ts';
import { peakMemoryBytes } from '../../backend/tests/running/processes.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { bigVideo } from './bench-media.ts';
import type { Row } from './row.ts';
import { fetchTo } from './server-row.ts';
import { uploadStream } from './upload-stream.ts';

const mebibyte = 1024 * 1024;
const limitBytes = 200 * 1_000_000;
const lookMilliseconds = 50;

export const memory: Row = {
  name: 'memory',
  what: 'peak memory of our processes without ffmpeg, with a file of 5 GB',
  against: 'a constant',
  limit: '< 200 MB each',
  async measure(folder) {
    const source = await bigVideo();
    try {
      const gigabytes = (await stat(source)).size / 1e9;
      const serverPeak = await peakOfServer(source, folder);
      const convertPeak = await peakOfConvert(source, folder);
      return {
        holds: serverPeak < limitBytes && convertPeak < limitBytes,
        notes: [
          `${gigabytes.toFixed(1)} GB`,
          `the server ${inMebibytes(serverPeak)} (upload, conversion, download)`,
          `convert ${inMebibytes(convertPeak)}`,
        ],
      };
    } finally {
      await rm(source);
    }
  },
};

const inMebibytes = (bytes: number) => `${Math.round(bytes / mebibyte)} MiB`;

async function peakOfServer(source: string, folder: string): Promise<number> {
  await using running = await startServerProcess({ dataFolder: join(folder, 'data') });
  const account = await makeAccount({ url: () => running.url });
  const id = await uploadStream(running.url, account.token, source);
  const { state } = await account.ended(id);
  if (state !== 'done') throw new Error(`the conversion is ${state}`);
  await fetchTo(account, id, join(folder, 'fetched.mp3'));
  const peak = await peakMemoryBytes(running.pid);
  await running.stop();
  return peak;
}

/** The kernel forgets a process's peak when it ends, so we read it repeatedly. */
async function peakOfConvert(source: string, folder: string): Promise<number> {
  const commandLine = join(import.meta.dirname, '..', '..', 'desktop', 'cli', 'soundlift.mjs');
  const child = spawn(process.execPath, [commandLine, 'convert', source, '-o', folder], { stdio: 'ignore' });
  let peak = 0;
  const looking = setInterval(() => {
    if (child.pid === undefined) return;
    peakMemoryBytes(child.pid).then(
      (bytes) => {
        peak = Math.max(peak, bytes);
      },
      // The process has ended.
      () => {},
    );
  }, lookMilliseconds);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(looking);
  if (code !== 0) throw new Error(`convert ended with ${code}`);
  return peak;
}
