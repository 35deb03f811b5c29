import { describe, expect, it } from 'vitest';
import { createSettledTime } from './settled-time.ts';

const hour = 3600;
const day = 24 * hour;

/** Clocks that the test moves by themselves. */
function makeClock() {
  let monotonic = 100;
  let wall = Date.UTC(2026, 4, 4) / 1000;
  return {
    now: () => new Date(wall * 1000),
    monotonicSeconds: () => monotonic,
    pass(seconds: number) {
      monotonic += seconds;
      wall += seconds;
    },
    jump(seconds: number) {
      wall += seconds;
    },
  };
}

describe('the settled time', () => {
  it('is not known until an hour after the first reading, and is then an hour old', () => {
    const clock = makeClock();
    const settled = createSettledTime(clock);
    const first = clock.now();
    for (let seconds = 0; seconds < hour; seconds += 5) {
      expect(settled.read()).toBeUndefined();
      clock.pass(5);
    }
    expect(settled.read()).toEqual(first);
    clock.pass(5);
    expect(settled.read()).toEqual(new Date(first.getTime() + 5000));
  });

  it('does not follow the wall clock forward until that has been so for an hour', () => {
    const clock = makeClock();
    const settled = createSettledTime(clock);
    settled.read();
    clock.pass(hour);
    const before = clock.now();
    settled.read();
    clock.jump(31 * day);
    expect(settled.read()?.getTime()).toBeLessThanOrEqual(before.getTime());
    const jumped = clock.now();
    clock.pass(hour - 5);
    expect(settled.read()?.getTime()).toBeLessThanOrEqual(before.getTime());
    clock.pass(5);
    expect(settled.read()).toEqual(jumped);
  });

  it('forgets a jump that was taken back', () => {
    const clock = makeClock();
    const settled = createSettledTime(clock);
    settled.read();
    clock.jump(25 * hour);
    settled.read();
    clock.pass(5);
    clock.jump(-25 * hour);
    settled.read();
    for (let round = 0; round < 2000; round += 1) {
      clock.pass(5);
      expect((settled.read() ?? clock.now()).getTime()).toBeLessThanOrEqual(clock.now().getTime());
    }
  });

  it('follows the wall clock back at once', () => {
    const clock = makeClock();
    const settled = createSettledTime(clock);
    settled.read();
    clock.pass(2 * hour);
    clock.jump(-day);
    expect(settled.read()).toEqual(clock.now());
  });

  it('needs two readings, however far apart they are', () => {
    const clock = makeClock();
    const settled = createSettledTime(clock);
    const first = clock.now();
    settled.read();
    clock.pass(5 * hour);
    clock.jump(day);
    expect(settled.read()).toEqual(first);
  });
});
