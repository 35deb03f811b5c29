import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createProgressMeter } from './ffmpeg-progress.ts';

describe('a progress meter', () => {
  test('reports fraction, speed and remaining time', () => {
    const meter = createProgressMeter(600, 1000);
    expect(meter.measure(60, 1001)).toEqual({ progress: 0.1, speed: 60, etaSeconds: 9 });
    expect(meter.measure(180, 1003)).toEqual({ progress: 0.3, speed: 60, etaSeconds: 7 });
  });

  test('reports at most five times a second', () => {
    const meter = createProgressMeter(600, 0);
    const told = Array.from({ length: 1000 }, (_, index) => meter.measure(index / 10, index / 100));
    expect(told.filter((progress) => progress !== undefined).length).toBeLessThanOrEqual(50);
    expect(told.filter((progress) => progress !== undefined).length).toBeGreaterThan(45);
  });

  test('measures the speed over the last five seconds, so it notices when the machine becomes busy', () => {
    const meter = createProgressMeter(100_000, 0);
    for (let second = 1; second <= 60; second += 1) meter.measure(100 * second, second);
    for (let second = 61; second <= 70; second += 1) meter.measure(6000 + 10 * (second - 60), second);
    expect(meter.measure(6110, 71)?.speed).toBeCloseTo(10, 0);
  });

  test('omits the remaining time if the duration is unknown or nothing is converted', () => {
    expect(createProgressMeter(undefined, 0).measure(60, 1)).toEqual({ progress: 0, speed: 60 });
    expect(createProgressMeter(600, 0).measure(0, 1)).toEqual({ progress: 0, speed: 0 });
  });

  test('stays at 1 if there is more audio than stated', () => {
    const meter = createProgressMeter(10, 0);
    expect(meter.measure(11, 1)).toEqual({ progress: 1, speed: 11, etaSeconds: 0 });
  });

  test('never decreases, never exceeds 1, and never reports NaN or Infinity', () => {
    const step = fc.tuple(fc.double({ min: 0, max: 1e5, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }));
    const duration = fc.option(fc.double({ min: 0.001, max: 1e5, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(duration, fc.array(step), (seconds, steps) => {
        const meter = createProgressMeter(seconds, 0);
        let now = 0;
        let before = 0;
        for (const [done, wait] of steps) {
          now += wait;
          const told = meter.measure(done, now);
          if (told === undefined) continue;
          expect(told.progress).toBeGreaterThanOrEqual(before);
          expect(told.progress).toBeLessThanOrEqual(1);
          for (const number of Object.values(told)) expect(number).toBeTypeOf('number');
          expect(told.etaSeconds ?? 0).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(told.speed)).toBe(true);
          before = told.progress;
        }
      }),
    );
  });
});
