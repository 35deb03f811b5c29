import { describe, expect, it } from 'vitest';
import { drawSvg } from './draw-svg.ts';
import { icnsSizes, toIcns, toIco } from './icon-files.ts';

/** Half transparent white above, solid red below. */
const flag =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path fill="#fff" fill-opacity=".5" d="M0 0h2v1H0z"/><path fill="#f00" d="M0 1h2v1H0z"/></svg>';

describe('a picture', () => {
  it('keeps its colours whatever its opacity', () => {
    const { pixels } = drawSvg(flag, 2);
    expect([...pixels.subarray(0, 4)]).toEqual([255, 255, 255, 128]);
    expect([...pixels.subarray(8, 12)]).toEqual([255, 0, 0, 255]);
  });
});

describe("Windows' icon file", () => {
  it('lists each picture with its size, position and length', () => {
    const ico = toIco([16, 32, 256].map((size) => drawSvg(flag, size)));
    expect(ico.readUInt16LE(2)).toBe(1);
    expect(ico.readUInt16LE(4)).toBe(3);
    const entries = [0, 1, 2].map((index) => ico.subarray(6 + 16 * index, 22 + 16 * index));
    expect(entries.map((entry) => entry[0])).toEqual([16, 32, 0]);
    let end = 6 + 3 * 16;
    for (const entry of entries) {
      expect(entry.readUInt32LE(12)).toBe(end);
      end += entry.readUInt32LE(8);
    }
    expect(ico.length).toBe(end);
  });

  it('contains small pictures from the bottom up, blue first, and the large one as PNG', () => {
    const ico = toIco([16, 256].map((size) => drawSvg(flag, size)));
    const small = ico.subarray(ico.readUInt32LE(18));
    expect([small.readUInt32LE(0), small.readInt32LE(4), small.readInt32LE(8)]).toEqual([40, 16, 32]);
    expect([...small.subarray(40, 44)]).toEqual([0, 0, 255, 255]);
    expect([...small.subarray(40 + 4 * 16 * 15, 44 + 4 * 16 * 15)]).toEqual([255, 255, 255, 128]);
    expect(ico.subarray(ico.readUInt32LE(34), ico.readUInt32LE(34) + 4).toString('latin1')).toBe('\u0089PNG');
  });
});

describe("macOS's icon file", () => {
  it('contains a PNG of each size, and nothing after them', () => {
    const icns = toIcns(icnsSizes.map((size) => drawSvg(flag, size)));
    expect(icns.toString('latin1', 0, 4)).toBe('icns');
    expect(icns.readUInt32BE(4)).toBe(icns.length);
    const widths: number[] = [];
    for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4)) widths.push(icns.readUInt32BE(at + 8 + 16));
    expect(widths).toEqual([16, 32, 32, 64, 128, 256, 256, 512, 512, 1024]);
  });

  it('is not made if a size is missing', () => {
    expect(() => toIcns([drawSvg(flag, 16)])).toThrow('32');
  });
});
