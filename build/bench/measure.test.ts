import { expect, it } from 'vitest';
import { childrenSeconds, cpuSecondsOf, measureCommand, measurePair, median } from './measure.ts';

const busy = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end);';

it('counts the CPU time of a command and of the processes that it started', async () => {
  const nested = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(busy)}])`;
  const cost = await measureCommand(process.execPath, ['-e', nested]);
  expect(cost.cpuSeconds).toBeGreaterThanOrEqual(0.2);
  expect(cost.wallSeconds).toBeGreaterThanOrEqual(0.2);
});

it('counts no CPU time for waiting', async () => {
  const cost = await measureCommand('sleep', ['0.3']);
  expect(cost.wallSeconds).toBeGreaterThanOrEqual(0.3);
  expect(cost.cpuSeconds).toBeLessThan(0.2);
});

it('throws the output of a command that failed', async () => {
  await expect(measureCommand('/bin/sh', ['-c', 'echo no good >&2; exit 3'])).rejects.toThrow(/ended with 3: no good/);
});

it.each([
  ['0m0.000000s 0m0.001000s\n1m2.500000s 0m0.250000s\n', 62.75],
  ['0m0.001s 0m0.002s\n0m3.120s 0m0.030s\n', 3.15],
])('parses the output %j', (text, seconds) => {
  expect(childrenSeconds(text)).toBeCloseTo(seconds, 6);
});

it('refuses output that it cannot parse', () => {
  expect(() => childrenSeconds('1.00user 0.00system')).toThrow(/gave no times/);
});

it('reads the CPU time of a running process', async () => {
  const before = await cpuSecondsOf(process.pid);
  const end = process.cpuUsage().user + 200_000;
  while (process.cpuUsage().user < end);
  expect((await cpuSecondsOf(process.pid)) - before).toBeGreaterThanOrEqual(0.15);
});

it('takes the middle value, or the mean of the two middle ones', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow();
});

it('measures both sides in turn, and alternates which is first', async () => {
  const turns: string[] = [];
  const side = (name: string, seconds: number) => async () => {
    turns.push(name);
    return { wallSeconds: seconds, cpuSeconds: seconds / 2 };
  };
  const pair = await measurePair(3, side('ours', 2), side('peer', 1));
  expect(turns.join(' ')).toBe('ours peer peer ours ours peer');
  expect(pair).toEqual({ ours: { wallSeconds: 2, cpuSeconds: 1 }, peer: { wallSeconds: 1, cpuSeconds: 0.5 } });
});
