import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxPeaks, PeakCollector } from './peaks.ts';

function bytesOf(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  samples.forEach((sample, index) => {
    view.setInt16(index * 2, sample, true);
  });
  return bytes;
}

/** Adds `bytes` in chunks of the given sizes, repeated as often as needed. */
function collect(bytes: Uint8Array, sizes: readonly number[]): PeakCollector {
  const collector = new PeakCollector();
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? bytes.length;
    collector.add(bytes.subarray(at, at + size));
    at += size;
  }
  return collector;
}

function magnitudeOf(samples: Int16Array, start: number, end: number): number {
  return samples.subarray(Math.max(0, start), end).reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
}

function scaled(magnitude: number): number {
  return Math.min(255, Math.round((magnitude * 255) / 32768));
}

/** The reference: holds all samples and looks at each part by itself. */
function naivePeaks(samples: Int16Array): number[] {
  const count = Math.min(maxPeaks, samples.length);
  return Array.from({ length: count }, (_, peak) => {
    const start = Math.floor((peak * samples.length) / count);
    return scaled(magnitudeOf(samples, start, Math.floor(((peak + 1) * samples.length) / count)));
  });
}

/** Mostly quiet, with single clicks. A click in the wrong peak shows a wrong edge. */
function clicks(length: number, seed: number): Int16Array {
  const samples = new Int16Array(length);
  let state = seed | 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    samples[index] = (state >>> 16) % 97 === 0 ? state >> 16 : (state >>> 24) % 5;
  }
  return samples;
}

const pieceSizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 });

describe('PeakCollector', () => {
  test('equals the reference exactly while every sample has its own bucket', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 3000 }), pieceSizes, (list, sizes) => {
        const samples = Int16Array.from(list);
        expect(collect(bytesOf(samples), sizes).peaks()).toEqual(naivePeaks(samples));
      }),
    );
  });

  test('is right to within a 32nd of a peak after buckets were merged, at any length and with any chunks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20_000, max: 300_000 }), fc.integer(), pieceSizes, (length, seed, sizes) => {
        const samples = clicks(length, seed);
        const peaks = collect(bytesOf(samples), sizes).peaks();
        expect(peaks).toHaveLength(maxPeaks);
        const slack = Math.ceil(length / maxPeaks / 32);
        peaks.forEach((peak, index) => {
          const start = Math.floor((index * length) / maxPeaks);
          const end = Math.floor(((index + 1) * length) / maxPeaks);
          expect(peak).toBeGreaterThanOrEqual(scaled(magnitudeOf(samples, start, end)));
          expect(peak).toBeLessThanOrEqual(scaled(magnitudeOf(samples, start - slack, end + slack)));
        });
      }),
      { numRuns: 30 },
    );
  });

  test('does not depend on the size of the chunks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120_000 }), fc.integer(), pieceSizes, (length, seed, sizes) => {
        const bytes = bytesOf(clicks(length, seed));
        expect(collect(bytes, sizes).peaks()).toEqual(collect(bytes, [bytes.length]).peaks());
      }),
      { numRuns: 50 },
    );
  });

  test('gives 255 at full scale, positive and negative, and 0 in silence', () => {
    expect(collect(bytesOf(Int16Array.of(32767, 0, -32768)), [6]).peaks()).toEqual([255, 0, 255]);
  });

  test('gives no peaks without samples, and ignores half a sample at the end', () => {
    expect(new PeakCollector().peaks()).toEqual([]);
    expect(collect(Uint8Array.of(0xff, 0x7f, 0xff), [1]).peaks()).toEqual([255]);
  });

  test('can give peaks before all samples have arrived', () => {
    const collector = new PeakCollector();
    collector.add(bytesOf(Int16Array.of(16384, 0)));
    expect(collector.peaks()).toEqual([128, 0]);
    collector.add(bytesOf(Int16Array.of(0, 8192)));
    expect(collector.peaks()).toEqual([128, 0, 0, 64]);
  });
});
