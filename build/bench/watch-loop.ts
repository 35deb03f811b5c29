// Loaded into a server before its own code (node --import). At SIGUSR2 it writes to LOOP_DELAY_FILE how late the timers of the main
// thread have been since the last SIGUSR2.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const file = process.env['LOOP_DELAY_FILE'] ?? '';
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('SIGUSR2', () => {
    const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;
    const told = { p99: milliseconds(delay.percentile(99)), max: milliseconds(delay.max) };
    writeFileSync(`${file}.new`, JSON.stringify(told));
    renameSync(`${file}.new`, file);
    delay.reset();
  });
}
