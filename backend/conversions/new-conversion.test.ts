import { expect, it } from 'vitest';
import { newConversion } from './new-conversion.ts';

function idAt(time: number): string {
  const intake = { fileName: 'a.mp4', options: { format: 'mp3' } } as const;
  return newConversion('anna', intake, { kind: 'blob' }, 0, new Date(time)).id;
}

it('has an id that sorts by the time that it is given, and not by the clock of this machine', () => {
  const later = Date.now() + 24 * 3600_000;
  const times = [later, later + 1, later + 3600_000];
  const ids = times.map(idAt);
  expect(ids.toSorted()).toEqual(ids);
  const told = ids.map((id) => Number(`0x${id.slice(0, 13).replace('-', '')}`));
  expect(told).toEqual(times);
});

it('has a later id than the one before, even at the same time, and after the clock was put back', () => {
  const now = Date.now() + 48 * 3600_000;
  const ids = [now, now, now, now - 1, now - 3600_000, now, now + 1].map(idAt);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
