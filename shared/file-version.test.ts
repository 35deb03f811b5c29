import { describe, expect, it } from 'vitest';
import { type FileVersion, fileVersion, isSameVersion, untilTickEnds } from './file-version.ts';

const facts = { size: 5n, mtimeNs: 1_700_000_000_123_456_789n, ino: 7n };
const version = fileVersion(facts);

describe('the version of a file', () => {
  it.each<[string, Partial<typeof facts>, boolean]>([
    ['nothing', {}, true],
    ['its size', { size: 6n }, false],
    ['its time by a nanosecond', { mtimeNs: facts.mtimeNs + 1n }, false],
    ['its inode', { ino: 8n }, false],
    ['its inode, on a drive that now has none', { ino: 0n }, true],
    ['its size, on a drive that now has no inodes', { ino: 0n, size: 6n }, false],
  ])('shows that %s has changed', (_what, changed, isSame) => {
    const other = fileVersion({ ...facts, ...changed });
    expect([isSameVersion(version, other), isSameVersion(other, version)]).toEqual([isSame, isSame]);
  });

  it('stays the same when it is stored', () => {
    const stored: FileVersion = JSON.parse(JSON.stringify(version));
    expect(isSameVersion(version, stored)).toBe(true);
  });
});

describe('the wait until a later write changes the time of a file', () => {
  const milliseconds = 1_700_000_000_000;
  const at = (nanoseconds: number) => ({
    modifiedNanoseconds: String(1_700_000_000_000_000_000n + BigInt(nanoseconds)),
  });

  it.each<[string, number, number, number]>([
    ['is short where times are exact', 1, 0, 20],
    ['is over after that', 1, 21, 0],
    ['is up to 2 s where times are whole seconds, as on FAT', 0, 500, 1500],
    ['is over after 2 s', 0, 2000, 0],
    ['is left out for a time in the future', 0, -1, 0],
  ])('%s', (_what, nanoseconds, age, wait) => {
    expect(untilTickEnds(at(nanoseconds), milliseconds + age)).toBe(wait);
  });
});
