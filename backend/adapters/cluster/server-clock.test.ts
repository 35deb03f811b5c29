import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followServerClock, type ServerClock } from './server-clock.ts';

const hour = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server whose clock is so far ahead of that of this machine when it starts, and which answers after `waits`. */
function serverAhead(milliseconds: number) {
  const server = {
    /** The time by the server's clock. */
    now: () => start + milliseconds + performance.now() - began + server.putForward,
    putForward: 0,
    /** How long it takes to hear the question, and how long its answer takes. */
    waits: [0, 0] as readonly [number, number],
    isAway: false,
    async readTime(): Promise<number> {
      vi.advanceTimersByTime(server.waits[0]);
      if (server.isAway) throw new Error('away');
      const time = Math.floor(server.now());
      vi.advanceTimersByTime(server.waits[1]);
      return time;
    },
  };
  const start = Date.now();
  const began = performance.now();
  return server;
}

function differenceOf(clock: ServerClock, { now }: { now(): number }): number {
  return clock.now().getTime() - now();
}

it('has the time of the server, whatever the clock of this machine says, and when it jumps', async () => {
  const server = serverAhead(-hour);
  using clock = await followServerClock(server.readTime);
  expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
  vi.setSystemTime(Date.now() + 5 * hour);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
});

it('follows a server whose clock is set', async () => {
  const server = serverAhead(0);
  using clock = await followServerClock(server.readTime);
  for (const step of [hour, -2 * hour]) {
    server.putForward += step;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
  }
});

it.each([
  ['hears the question late', [30_000, 0]],
  ['answers late', [0, 30_000]],
] as const)('does not become less exact by a server that %s', async (_what, waits) => {
  const server = serverAhead(hour);
  using clock = await followServerClock(server.readTime);
  server.waits = waits;
  await vi.advanceTimersByTimeAsync(10_000);
  server.waits = [0, 0];
  expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
});

it('goes on while the server cannot be asked, and follows it again after that', async () => {
  const server = serverAhead(hour);
  using clock = await followServerClock(server.readTime);
  server.isAway = true;
  await vi.advanceTimersByTimeAsync(3 * hour);
  expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
  server.isAway = false;
  server.putForward = hour;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Math.abs(differenceOf(clock, server))).toBeLessThanOrEqual(1);
});

it('says that the server cannot be asked at the start', async () => {
  const server = serverAhead(0);
  server.isAway = true;
  await expect(followServerClock(server.readTime)).rejects.toThrow('away');
});

it('asks no more once it is disposed of', async () => {
  const server = serverAhead(0);
  const clock = await followServerClock(server.readTime);
  clock[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
});
