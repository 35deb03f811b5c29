// npm run bench [-- NAME…]: measures speed and memory and compares them with another program in the same run. It is not a test: it exits
// with 0 whatever it finds.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from './app-row.ts';
import { badLine } from './bad-line-row.ts';
import { naive, tenMinutes, tenSeconds, thirtyMinutes } from './convert-rows.ts';
import { loop } from './loop-row.ts';
import { memory } from './memory-row.ts';
import type { Row } from './row.ts';
import { server } from './server-row.ts';
import { describeFigures } from './table.ts';
import { upload } from './upload-row.ts';

const rows: readonly Row[] = [tenSeconds, tenMinutes, thirtyMinutes, naive, server, upload, badLine, memory, loop, app];

async function run(row: Row): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-bench-'));
  try {
    process.stdout.write(`${describeFigures(row, await row.measure(folder))}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}: there are ${rows.map(({ name }) => name).join(', ')}.\n`);
  process.exitCode = 2;
} else {
  const [ffmpeg = ''] = execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).split('\n');
  const processor = cpus()[0]?.model ?? 'a processor';
  process.stdout.write(`${availableParallelism()} × ${processor}, Node ${process.version}, ${ffmpeg}\n\n`);
  for (const row of rows) if (names.length === 0 || names.includes(row.name)) await run(row);
}
