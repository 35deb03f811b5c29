import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** The cost of one run. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the process and of the children that it waited for. */
  readonly cpuSeconds: number;
}

const shellScript = '"$@"; code=$?; times >&3; exit $code';

/** Runs a command to its end and measures it, by the shell's `times`. If it fails, throws its output. */
export async function measureCommand(program: string, args: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const child = spawn('/bin/sh', ['-c', shellScript, 'sh', program, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const said = collect(child.stdio[2]);
  const times = collect(child.stdio[3]);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said().trim()}`);
  return { wallSeconds, cpuSeconds: childrenSeconds(times()) };
}

function collect(stream: unknown): () => string {
  if (!(stream instanceof Readable)) throw new Error('the command has no output to read');
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** The second line of `times` is the children's user and system time: `1m2.5s 0m0.25s`. */
export function childrenSeconds(times: string): number {
  const words = times.trim().split('\n')[1]?.split(' ') ?? [];
  const seconds = words.map((word) => {
    const [, minutes, rest] = /^(\d+)m([\d.]+)s$/.exec(word) ?? [];
    if (minutes === undefined || rest === undefined) throw new Error(`the shell gave no times: ${times}`);
    return Number(minutes) * 60 + Number(rest);
  });
  if (seconds.length !== 2) throw new Error(`the shell gave no times: ${times}`);
  return seconds.reduce((sum, each) => sum + each);
}

/** Linux counts in hundredths of a second for programs, whatever the kernel does: sysconf(_SC_CLK_TCK). */
const ticksPerSecond = 100;

/** CPU seconds so far of a running process and of the children that it has waited for: proc(5), /proc/PID/stat. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime, cstime are the fields 14 to 17 of the line; ours begin with the third.
  const ticks = fields.slice(11, 15).map(Number);
  return ticks.reduce((sum, each) => sum + each) / ticksPerSecond;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (low === undefined || high === undefined) throw new Error('an empty list has no median');
  return (low + high) / 2;
}

/** The smallest value that is not below `percent` of all values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (value === undefined) throw new Error('there is no percentile of nothing');
  return value;
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    wallSeconds: median(costs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

/** Measures ways to do the same, in turn, so that other load on the machine affects all of them. Returns the medians of `rounds`. */
export async function measureInTurn(rounds: number, ways: readonly (() => Promise<Cost>)[]): Promise<readonly Cost[]> {
  const measured = ways.map((measure) => ({ measure, costs: [] as Cost[] }));
  for (let round = 0; round < rounds; round += 1) {
    // They alternate in being first, because a later one finds warmer caches.
    for (const { measure, costs } of round % 2 === 0 ? measured : measured.toReversed()) costs.push(await measure());
  }
  return measured.map(({ costs }) => medianCost(costs));
}

/** The same for ours and its peer. */
export async function measurePair(
  rounds: number,
  ours: () => Promise<Cost>,
  peer: () => Promise<Cost>,
): Promise<{ readonly ours: Cost; readonly peer: Cost }> {
  const [first, second] = await measureInTurn(rounds, [ours, peer]);
  if (first === undefined || second === undefined) throw new Error('nothing was measured');
  return { ours: first, peer: second };
}
