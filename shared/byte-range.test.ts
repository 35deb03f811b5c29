import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowsTag, listsTag, parseByteRange } from './byte-range.ts';

describe('parseByteRange', () => {
  it.each([
    [undefined, 'whole'],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=2-', { start: 2, end: 10 }],
    ['bytes=2-100', { start: 2, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-100', { start: 0, end: 10 }],
    ['BYTES = 1 - 2', { start: 1, end: 3 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-20', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=99999999999999999999999999-', 'unsatisfiable'],
    ['bytes=5-2', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=1x-5', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['seconds=0-1', 'whole'],
    ['bytes', 'whole'],
  ])('parses %j for ten bytes', (header, expected) => {
    expect(parseByteRange(header, 10)).toEqual(expected);
  });

  it('never exceeds the size of the resource', () => {
    const number = fc.option(fc.nat({ max: 30 }), { nil: '' });
    fc.assert(
      fc.property(number, number, fc.integer({ min: 1, max: 20 }), (first, last, bytes) => {
        const range = parseByteRange(`bytes=${first}-${last}`, bytes);
        if (typeof range === 'string') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(bytes);
      }),
    );
  });
});

describe('allowsTag', () => {
  it.each([
    [undefined, true],
    ['"a"', true],
    ['"b", "a"', true],
    ['*', true],
    ['W/"a"', false],
    ['"b"', false],
    ['a', false],
    ['', false],
  ])('%j: %j', (header, expected) => {
    expect(allowsTag(header, '"a"')).toBe(expected);
  });
});

describe('listsTag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['*', true],
    ['"b"', false],
    ['a', false],
    ['', false],
  ])('%j: %j', (header, expected) => {
    expect(listsTag(header, '"a"')).toBe(expected);
  });
});
