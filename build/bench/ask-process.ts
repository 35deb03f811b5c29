import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Asks a process by SIGUSR2 to write JSON to `file`, and returns what it wrote. */
export async function askProcess(pid: number, file: string): Promise<unknown> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    const told = await readFile(file, 'utf8').catch(() => '');
    if (told !== '') return JSON.parse(told);
    await delay(20);
  }
}
