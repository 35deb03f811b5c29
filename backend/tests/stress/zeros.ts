import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeAccount } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { startServerProcess } from '../running/server-process.ts';
import { uploadStreamed } from './streamed-upload.ts';

/** The most memory in bytes that any of our processes may use, whatever passes through it. */
const limitBytes = 200_000_000;

/**
 * Uploads this many zeros to a server that accepts them, and to one whose limit is one byte lower. The original system
 * accepted them and used 4,467 MiB of memory before it failed.
 */
export async function expectZerosHarmless(bytes: number): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-zeros-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'zeros.mp4');
  await writeFile(path, '');
  await truncate(path, bytes);
  const upload = { path, fileName: 'zeros.mp4', pauseMilliseconds: 0 };

  const server = opened.use(await startServerProcess({ dataFolder: join(folder, 'data') }));
  const client = await makeAccount({ url: () => server.url });
  const fate = await uploadStreamed(client, upload);
  if (fate.kind !== 'acknowledged') throw new Error(`the upload was ${fate.kind}`);
  const ended = await client.ended(fate.conversion.id, { seconds: 120 });
  expect([ended.state, ended.error?.code, ended.attempt]).toEqual(['failed', 'not_media', 1]);
  expect(await peakMemoryBytes(server.pid)).toBeLessThan(limitBytes);

  const environment = { MAX_UPLOAD_BYTES: String(bytes - 1) };
  const smaller = opened.use(await startServerProcess({ dataFolder: join(folder, 'smaller'), environment }));
  const other = await makeAccount({ url: () => smaller.url });
  await expect(uploadStreamed(other, upload)).rejects.toThrow(/^an upload was answered with 413: .*"code":"too_large"/);
  expect(await other.conversions()).toEqual([]);
  expect(await peakMemoryBytes(smaller.pid)).toBeLessThan(limitBytes);
}
