// npm run bench [-- NAME…]: measures speed and memory and compares them with another program in the same run. It is not a test: it exits
// with 0 whatever it finds. The name `cluster` stands for all rows of the cluster.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from './app-row.ts';
import { badLine } from './bad-line-row.ts';
import { memoryOfCluster } from './cluster/memory-row.ts';
import { progressOnSockets } from './cluster/sockets-row.ts';
import { tickets } from './cluster/tickets-row.ts';
import { uploadToGridFs } from './cluster/upload-row.ts';
import { oneAndTwoConverters, videosThroughCluster } from './cluster/videos-rows.ts';
import { naive, tenMinutes, tenSeconds, thirtyMinutes } from './convert-rows.ts';
import { loop } from './loop-row.ts';
import { memory } from './memory-row.ts';
import type { Row } from './row.ts';
import { server } from './server-row.ts';
import { describeFigures } from './table.ts';
import { upload } from './upload-row.ts';

const clusterRows: readonly Row[] = [
  uploadToGridFs,
  videosThroughCluster,
  oneAndTwoConverters,
  progressOnSockets,
  tickets,
  memoryOfCluster,
];
const rows: readonly Row[] = [
  ...[tenSeconds, tenMinutes, thirtyMinutes, naive, server, upload, badLine, memory, loop, app],
  ...clusterRows,
];

/** A row that fails does not stop the others. */
async function run(row: Row): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-bench-'));
  try {
    process.stdout.write(`${describeFigures(row, await row.measure(folder))}\n`);
  } catch (error) {
    process.stdout.write(`${row.name}: FAILED: ${error instanceof Error ? error.stack : String(error)}\n\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const names = process.argv
  .slice(2)
  .flatMap((name) => (name === 'cluster' ? clusterRows.map((row) => row.name) : [name]));
const unknown = names.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  const known = ['cluster', ...rows.map(({ name }) => name)];
  process.stderr.write(`There is no ${unknown.join(', ')}: there are ${known.join(', ')}.\n`);
  process.exitCode = 2;
} else {
  const [ffmpeg = ''] = execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).split('\n');
  const processor = cpus()[0]?.model ?? 'a processor';
  process.stdout.write(`${availableParallelism()} × ${processor}, Node ${process.version}, ${ffmpeg}\n`);
  process.stdout.write(`Processes that ran or waited for the disk in the last minute: ${loadavg()[0]?.toFixed(1)}\n\n`);
  for (const row of rows) if (names.length === 0 || names.includes(row.name)) await run(row);
}
