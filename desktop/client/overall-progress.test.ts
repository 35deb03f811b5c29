import { describe, expect, it } from 'vitest';
import { createOverallMeter } from './overall-progress.ts';

function meterOf(...bytes: readonly number[]) {
  let seconds = 0;
  const meter = createOverallMeter(bytes, () => seconds);
  return Object.assign(meter, {
    wait(more: number) {
      seconds += more;
    },
  });
}

describe('the overall progress', () => {
  it('uses the sizes while no length is known', () => {
    const meter = meterOf(100, 300);
    expect(meter.read().fraction).toBe(0);
    meter.begin(0);
    meter.progress(0, 0.5, undefined);
    expect(meter.read().fraction).toBeCloseTo(50 / 400);
  });

  it('uses the lengths once they are known, whatever the sizes', () => {
    const meter = meterOf(1000, 10);
    meter.begin(0);
    meter.begin(1);
    meter.length(0, 60);
    meter.length(1, 3540);
    meter.progress(0, 1, undefined);
    expect(meter.read().fraction).toBeCloseTo(60 / 3600);
  });

  it('estimates waiting sources at the rate of those that were read', () => {
    const meter = meterOf(100, 300);
    meter.begin(0);
    meter.length(0, 10);
    meter.end(0);
    expect(meter.read().fraction).toBeCloseTo(10 / 40);
  });

  it('does not decrease when a long source appears or an attempt starts again', () => {
    const meter = meterOf(100, 100);
    meter.begin(0);
    meter.length(0, 10);
    meter.end(0);
    expect(meter.read().fraction).toBeCloseTo(0.5);
    meter.begin(1);
    meter.length(1, 990);
    expect(meter.read().fraction).toBeCloseTo(0.5);
    meter.progress(1, 0.9, undefined);
    const before = meter.read().fraction;
    meter.progress(1, 0, undefined);
    expect(meter.read().fraction).toBe(before);
  });

  it('does not count failed sources', () => {
    const meter = meterOf(100, 100, 100);
    meter.drop(2);
    meter.begin(0);
    meter.length(0, 10);
    meter.drop(0);
    meter.begin(1);
    meter.length(1, 10);
    meter.progress(1, 0.5, undefined);
    expect(meter.read().fraction).toBeCloseTo(0.5);
  });

  it('is 1 only when everything has ended', () => {
    const meter = meterOf(100);
    meter.begin(0);
    meter.length(0, 10);
    meter.progress(0, 1, 20);
    expect(meter.read().fraction).toBeLessThan(1);
    meter.end(0);
    expect(meter.read()).toEqual({ fraction: 1, etaSeconds: 0 });
  });

  it('ends at 1 with empty files and with nothing but failures', () => {
    const meter = meterOf(0, 0);
    expect(meter.read().fraction).toBe(0);
    meter.drop(0);
    meter.begin(1);
    meter.drop(1);
    expect(meter.read().fraction).toBe(1);
  });

  it('estimates the remaining time from the recent speed', () => {
    const meter = meterOf(100);
    meter.begin(0);
    meter.length(0, 1000);
    expect(meter.read().etaSeconds).toBeUndefined();
    for (let second = 1; second <= 60; second += 1) {
      meter.wait(1);
      // Slow for 30 s, then ten times as fast.
      meter.progress(0, second <= 30 ? second / 1000 : 0.03 + (second - 30) / 100, 10);
      meter.read();
    }
    expect(meter.read().etaSeconds).toBeCloseTo(67, 0);
  });

  it('adds up the speeds of all running sources', () => {
    const meter = meterOf(1, 1, 1);
    meter.begin(0);
    meter.begin(1);
    meter.progress(0, 0.1, 20);
    meter.progress(1, 0.1, 22);
    expect(meter.read().speed).toBe(42);
    meter.end(0);
    meter.drop(1);
    expect(meter.read().speed).toBeUndefined();
  });
});
