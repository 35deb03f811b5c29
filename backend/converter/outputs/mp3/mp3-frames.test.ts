import { describe, expect, test } from 'vitest';
import { parseFrameHeader, parseXingFrame } from './mp3-frames.ts';

function headerOf(word: number) {
  const header = parseFrameHeader(word);
  if (header === undefined) throw new Error(`no header in ${word.toString(16)}`);
  return header;
}

describe('parseFrameHeader', () => {
  // The lengths are those of ISO/IEC 11172-3, 2.4.3.1: 144 × bitrate ÷ sample rate, 72 × for a frame of 576 samples.
  test.each([
    [0xfffb9064, 'mpeg1', 44100, 2, 128, 417, 1152],
    [0xfffb9264, 'mpeg1', 44100, 2, 128, 418, 1152],
    [0xfffbe0c4, 'mpeg1', 44100, 1, 320, 1044, 1152],
    [0xfffb9464, 'mpeg1', 48000, 2, 128, 384, 1152],
    [0xfffb18c4, 'mpeg1', 32000, 1, 32, 144, 1152],
    [0xfff380c4, 'mpeg2', 22050, 1, 64, 208, 576],
    [0xfff3e464, 'mpeg2', 24000, 2, 160, 480, 576],
    [0xfff388c4, 'mpeg2', 16000, 1, 64, 288, 576],
    [0xffe340c4, 'mpeg2.5', 11025, 1, 32, 208, 576],
    [0xffe318c4, 'mpeg2.5', 8000, 1, 8, 72, 576],
  ])('reads %s', (word, version, sampleRate, channels, bitrateKbps, bytes, samples) => {
    expect(parseFrameHeader(word)).toEqual({
      version,
      sampleRate,
      channels,
      bitrateKbps,
      bytes,
      samples,
      hasChecksum: false,
    });
  });

  test('detects a checksum', () => {
    expect(headerOf(0xfffa9064).hasChecksum).toBe(true);
  });

  test.each([
    ['no sync word', 0x49443304],
    ['ten bits of sync', 0xffdb9064],
    ['the reserved version', 0xffeb9064],
    ['layer I', 0xffff9064],
    ['layer II', 0xfffd9064],
    ['the reserved layer', 0xfff99064],
    ['a free bitrate', 0xfffb0064],
    ['the forbidden bitrate', 0xfffbf064],
    ['the reserved sample rate', 0xfffb9c64],
    ['zeros', 0],
  ])('refuses %s', (_name, word) => {
    expect(parseFrameHeader(word)).toBeUndefined();
  });
});

/** The beginning of a mono file of five seconds at 44.1 kHz, as ffmpeg 5.1 wrote it. */
const xingFrame = Buffer.concat([
  Buffer.from('fffb40c0', 'hex'),
  Buffer.alloc(17),
  Buffer.from('58696e670000000f000000c100005fe4', 'hex'),
  Buffer.alloc(100, 7),
  Buffer.from('00000000', 'hex'),
  Buffer.from('4c61766335392e33370000000000000000000000002404ec0000000000005fe46599f72c', 'hex'),
  Buffer.alloc(100),
]).subarray(0, 208);

describe('parseXingFrame', () => {
  test('reads counts, delay and padding', () => {
    expect(parseXingFrame(xingFrame, headerOf(0xfffb40c0))).toEqual({
      kind: 'Xing',
      frames: 193,
      bytes: 24548,
      delay: 576,
      padding: 1260,
    });
  });

  test('recognizes the tag of a constant bitrate', () => {
    const frame = Buffer.from(xingFrame);
    frame.write('Info', 21, 'latin1');
    expect(parseXingFrame(frame, headerOf(0xfffb40c0))?.kind).toBe('Info');
  });

  test('omits the fields that the flags exclude', () => {
    const frame = Buffer.alloc(208);
    frame.write('Xing', 21, 'latin1');
    frame.writeUInt32BE(2, 25);
    frame.writeUInt32BE(4711, 29);
    expect(parseXingFrame(frame, headerOf(0xfffb40c0))).toEqual({ kind: 'Xing', bytes: 4711 });
  });

  test('ignores the delay of an unknown encoder', () => {
    const frame = Buffer.from(xingFrame);
    frame.write('XXXX', 21 + 120, 'latin1');
    expect(parseXingFrame(frame, headerOf(0xfffb40c0))).toEqual({ kind: 'Xing', frames: 193, bytes: 24548 });
  });

  test('skips the side information, whose length depends on version and channels', () => {
    const headers = [
      [0xfffb4000, 32],
      [0xfffb40c0, 17],
      [0xfff34000, 17],
      [0xfff340c0, 9],
    ] as const;
    for (const [word, sideInformation] of headers) {
      const frame = Buffer.alloc(208);
      frame.write('Info', 4 + sideInformation, 'latin1');
      expect(parseXingFrame(frame, headerOf(word))).toEqual({ kind: 'Info' });
    }
  });

  test('treats a tag that does not fit into its frame as an ordinary frame', () => {
    expect(parseXingFrame(Buffer.alloc(208), headerOf(0xfffb40c0))).toBeUndefined();
    expect(parseXingFrame(xingFrame.subarray(0, 26), headerOf(0xfffb40c0))).toBeUndefined();
    expect(parseXingFrame(xingFrame.subarray(0, 34), headerOf(0xfffb40c0))).toEqual({ kind: 'Xing', frames: 193 });
  });
});
