import { describe, expect, test } from 'vitest';
import type { LogLine } from './ffmpeg/ffmpeg-log.ts';
import { createListener } from './listen-again.ts';

/** Frames of 20 ms from `start` to `end`, in seconds. */
function frames(start: number, end: number, format = 'fmt:fltp channels:2 chlayout:stereo rate:48000'): LogLine[] {
  return Array.from({ length: Math.round((end - start) / 0.02) }, (_, index) => ({
    speaker: 'Parsed_ashowinfo_0',
    level: 'info',
    text: `n:0 pts:0 pts_time:${start + index * 0.02} pos:0 ${format} nb_samples:960 checksum:0`,
  }));
}

const decoderFails: LogLine = { speaker: 'aac', level: 'error', text: 'channel element 3.8 is not allocated' };
const demuxerFails: LogLine = { speaker: 'matroska,webm', level: 'error', text: '0x00 at pos 1 invalid as first byte' };

function hear(...lines: readonly (LogLine | readonly LogLine[])[]) {
  const listener = createListener({ container: 'matroska', otherCodecs: ['h264'] });
  for (const line of lines.flat()) listener.hear(line);
  return listener.result();
}

describe('listening again', () => {
  test('finds nothing if nothing is missing', () => {
    expect(hear(frames(0, 10))).toEqual({ spanSeconds: 10, formatChanges: 0 });
  });

  test('finds a jump in time, counted from the first frame', () => {
    const result = hear(frames(2, 6), demuxerFails, frames(8, 12));
    expect(result).toEqual({ gaps: { code: 'gaps', atSeconds: 4, count: 1 }, spanSeconds: 10, formatChanges: 0 });
  });

  test('finds the position of a jump even if the error was logged some frames before or after it', () => {
    expect(hear(frames(0, 3), demuxerFails, frames(3, 4), frames(6, 8)).gaps).toEqual({
      code: 'gaps',
      atSeconds: 4,
      count: 1,
    });
    expect(hear(frames(0, 4), frames(6, 7), demuxerFails, frames(7, 8)).gaps?.atSeconds).toBe(4);
  });

  test('finds what the decoder could not read, even without a jump in time', () => {
    expect(hear(frames(0, 4), decoderFails, decoderFails, frames(4, 8)).gaps).toEqual({
      code: 'gaps',
      atSeconds: 4,
      count: 1,
    });
  });

  test('counts gaps, not errors', () => {
    const place = (at: number) => [decoderFails, frames(at, at + 0.1), decoderFails, frames(at + 0.2, at + 0.3)].flat();
    expect(hear(frames(0, 4), place(4), frames(4.3, 8), place(8), frames(8.3, 9)).gaps?.count).toBe(2);
  });

  test('ignores what happens before the first frame and after the last one', () => {
    const result = hear(decoderFails, demuxerFails, frames(5, 9), decoderFails, demuxerFails);
    expect(result).toEqual({ spanSeconds: 4, formatChanges: 0 });
  });

  test('accepts pauses if ffmpeg reports no error, or errors of the picture only', () => {
    expect(hear(frames(0, 4), frames(6, 8)).gaps).toBeUndefined();
    const picture: LogLine = { speaker: 'h264', level: 'error', text: 'no frame!' };
    expect(hear(picture, frames(0, 4), frames(6, 8)).gaps).toBeUndefined();
  });

  test('ignores jumps that come from rounding', () => {
    expect(hear(demuxerFails, frames(0, 4), frames(4.004, 8.004), frames(7.998, 9)).gaps).toBeUndefined();
  });

  test('counts each change of format', () => {
    const mono = 'fmt:fltp channels:1 chlayout:mono rate:48000';
    expect(hear(frames(0, 1), frames(1, 2, mono), frames(2, 3, mono), frames(3, 4)).formatChanges).toBe(2);
  });

  test('works without time stamps', () => {
    const timeless = frames(0, 2).map((line) => ({
      ...line,
      text: line.text.replace(/pts_time:\S+/, 'pts_time:NOPTS'),
    }));
    expect(hear(timeless, decoderFails, timeless)).toEqual({
      gaps: { code: 'gaps', atSeconds: 2, count: 1 },
      spanSeconds: 4,
      formatChanges: 0,
    });
  });

  test('reports a span of 0 if nothing was decoded', () => {
    expect(hear(decoderFails)).toEqual({ spanSeconds: 0, formatChanges: 0 });
  });
});
