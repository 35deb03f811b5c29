import { describe, expect, it } from 'vitest';
import { watchLeases } from './lease-watch.ts';

function watch() {
  let seconds = 100;
  const clock = { now: () => new Date(0), monotonicSeconds: () => seconds };
  const leaseWatch = watchLeases(clock, 5);
  return {
    look(after: number, revision: number): number {
      seconds += after;
      const still = leaseWatch.look('c1', revision);
      leaseWatch.endRound();
      return still;
    },
    leaseWatch,
  };
}

describe('watching rows stand still', () => {
  it('counts the seconds for which a revision has not moved', () => {
    const { look } = watch();
    expect([look(0, 1), look(5, 1), look(5, 1), look(5, 1)]).toEqual([0, 5, 10, 15]);
  });

  it('starts again when the row moves', () => {
    const { look } = watch();
    expect([look(0, 1), look(5, 1), look(5, 2), look(5, 2)]).toEqual([0, 5, 0, 5]);
  });

  it('does not count the time for which it was asleep itself', () => {
    const { look } = watch();
    expect([look(0, 1), look(3600, 1), look(5, 1)]).toEqual([0, 5, 10]);
  });

  it('forgets a row that was not there in a round', () => {
    const { look, leaseWatch } = watch();
    look(0, 1);
    look(5, 1);
    leaseWatch.endRound();
    expect(look(5, 1)).toBe(0);
  });
});
