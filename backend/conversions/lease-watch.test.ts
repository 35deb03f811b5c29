import { describe, expect, it } from 'vitest';
import { watchLeases } from './lease-watch.ts';

function watch() {
  let seconds = 100;
  const clock = { now: () => new Date(0), monotonicSeconds: () => seconds };
  const leaseWatch = watchLeases(clock, 5);
  return {
    look(after: number, counter: number): number {
      seconds += after;
      const still = leaseWatch.look('c1', counter);
      leaseWatch.endRound();
      return still;
    },
    leaseWatch,
  };
}

describe('measuring how long leases do not change', () => {
  it('counts the seconds for which a counter has not changed', () => {
    const { look } = watch();
    expect([look(0, 1), look(5, 1), look(5, 1), look(5, 1)]).toEqual([0, 5, 10, 15]);
  });

  it('starts again when the counter changes', () => {
    const { look } = watch();
    expect([look(0, 1), look(5, 1), look(5, 2), look(5, 2)]).toEqual([0, 5, 0, 5]);
  });

  it('does not count time during which it was suspended itself', () => {
    const { look } = watch();
    expect([look(0, 1), look(3600, 1), look(5, 1)]).toEqual([0, 5, 10]);
  });

  it('forgets a lease that was missing in a round', () => {
    const { look, leaseWatch } = watch();
    look(0, 1);
    look(5, 1);
    leaseWatch.endRound();
    expect(look(5, 1)).toBe(0);
  });
});
