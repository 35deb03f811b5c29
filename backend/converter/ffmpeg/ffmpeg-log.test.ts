import { describe, expect, test } from 'vitest';
import { isDecodeError, type LogLine, parseFrameLine, parseLogLine, tellsOfLoss } from './ffmpeg-log.ts';

function parse(line: string): LogLine {
  const parsed = parseLogLine(line);
  if (parsed === undefined) throw new Error(`not a line: ${line}`);
  return parsed;
}

describe('parseLogLine', () => {
  test.each<[string, LogLine]>([
    [
      '[error] Error while decoding stream #0:1: Invalid data found when processing input',
      {
        speaker: undefined,
        level: 'error',
        text: 'Error while decoding stream #0:1: Invalid data found when processing input',
      },
    ],
    [
      '[aac @ 0x55da469f35c0] [error] channel element 3.8 is not allocated',
      { speaker: 'aac', level: 'error', text: 'channel element 3.8 is not allocated' },
    ],
    [
      '[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55e80b8dd900] [warning] Packet corrupt (stream = 1, dts = 479232).',
      { speaker: 'mov,mp4,m4a,3gp,3g2,mj2', level: 'warning', text: 'Packet corrupt (stream = 1, dts = 479232).' },
    ],
    // From ffmpeg 6 and 7.
    [
      '[aist#0:1/aac @ 0x5581] [error] Error submitting packet to decoder: Invalid data found when processing input',
      {
        speaker: 'aist#0:1/aac',
        level: 'error',
        text: 'Error submitting packet to decoder: Invalid data found when processing input',
      },
    ],
    // From Windows, whose addresses have no 0x.
    [
      '[mp3float @ 00000213e5c6a980] [error] Header missing',
      { speaker: 'mp3float', level: 'error', text: 'Header missing' },
    ],
  ])('reads %s', (line, expected) => {
    expect(parseLogLine(line)).toEqual(expected);
  });

  test.each([
    '',
    '    Last message repeated 7 times',
    'size=       0kB time=00:00:00.02 bitrate=  78.2kbits/s speed=N/A',
  ])('passes over "%s"', (line) => {
    expect(parseLogLine(line)).toBeUndefined();
  });
});

/** Lines of ffmpeg 5.1 about damaged files. */
const losses = [
  '[error] Error while decoding stream #0:1: Invalid data found when processing input',
  '[error] Error while decoding stream #0:1: Error number -16976906 occurred',
  '[aac @ 0x1] [error] Number of bands (12) exceeds limit (8).',
  '[mp2 @ 0x1] [error] Header missing',
  '[matroska,webm @ 0x1] [error] 0x00 at pos 184410 (0x2d05a) invalid as first byte of an EBML number',
  '[matroska,webm @ 0x1] [error] Element at 0x2d0ac ending at 0x89ef4db exceeds containing master element ending at 0x384b9',
  '[ogg @ 0x1] [warning] CRC mismatch!',
  '[flv @ 0x1] [warning] Packet mismatch -391840014 628 311119',
  '[asf @ 0x1] [warning] packet_obj_size 905733085 invalid',
  '[asf @ 0x1] [warning] ff asf skip 0 (unknown stream)',
  '[mpegts @ 0x1] [warning] Packet corrupt (stream = 0, dts = 1193520).',
  '[warning] file:source: corrupt input packet in stream 1',
];
/** Lines of ffmpeg 5.1 about whole files. */
const harmless = [
  '[aac @ 0x1] [warning] Estimating duration from bitrate, this may be inaccurate',
  '[warning] Guessed Channel Layout for Input Stream #0.0 : mono',
  '[mp3 @ 0x1] [warning] filesize and duration do not match (growing file?)',
  '[mp3 @ 0x1] [warning] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 5 >= 4',
  '[mp3float @ 0x1] [warning] Could not update timestamps for skipped samples.',
  '[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [warning] st: 0 edit list: 1 Missing key frame while searching for timestamp: 1001',
  '[info] Stream mapping:',
];

describe('tellsOfLoss', () => {
  test.each(losses)('reports a loss for %s', (line) => {
    expect(tellsOfLoss(parse(line), ['h264'])).toBe(true);
  });

  test.each(harmless)('ignores %s', (line) => {
    expect(tellsOfLoss(parse(line), ['h264'])).toBe(false);
  });

  test('ignores complaints about the picture', () => {
    const line = parse('[h264 @ 0x1] [error] non-existing PPS 0 referenced');
    expect(tellsOfLoss(line, ['h264'])).toBe(false);
    expect(tellsOfLoss(line, ['hevc'])).toBe(true);
  });
});

describe('isDecodeError', () => {
  test('distinguishes the decoder from the demuxer', () => {
    expect(isDecodeError(parse('[ac3 @ 0x1] [error] frame CRC mismatch'), 'matroska')).toBe(true);
    expect(isDecodeError(parse('[aist#0:1/aac @ 0x1] [error] Error submitting packet to decoder: x'), 'mov')).toBe(
      true,
    );
    expect(isDecodeError(parse('[error] Error while decoding stream #0:1: Invalid data found'), 'matroska')).toBe(true);
    expect(isDecodeError(parse('[matroska,webm @ 0x1] [error] Read error'), 'matroska')).toBe(false);
    expect(isDecodeError(parse('[error] file:source: Invalid data found when processing input'), 'matroska')).toBe(
      false,
    );
    expect(isDecodeError(parse('[aac @ 0x1] [warning] Reserved bit set.'), 'matroska')).toBe(false);
  });
});

describe('parseFrameLine', () => {
  const format = 'fmt:fltp channels:1 chlayout:mono rate:48000';
  const tail = 'nb_samples:1024 checksum:6DBCAAC2 plane_checksums: [ 6DBCAAC2 ]';

  test('parses a line of ashowinfo', () => {
    const line = parse(
      `[Parsed_ashowinfo_0 @ 0x55c1382bf800] [info] n:1 pts:1024 pts_time:0.0213333 pos:5885 ${format} ${tail}`,
    );
    expect(parseFrameLine(line)).toEqual({ startSeconds: 0.0213333, samples: 1024, sampleRate: 48000, format });
  });

  test('parses a line without a position, as of ffmpeg 7, and without a time stamp', () => {
    const line = parse(`[Parsed_ashowinfo_0 @ 0x1] [info] n:1 pts:NOPTS pts_time:NOPTS ${format} ${tail}`);
    expect(parseFrameLine(line)).toEqual({ startSeconds: undefined, samples: 1024, sampleRate: 48000, format });
  });

  test('ignores all other lines', () => {
    expect(parseFrameLine(parse('[info] Stream mapping:'))).toBeUndefined();
    expect(parseFrameLine(parse('[Parsed_ashowinfo_0 @ 0x1] [info] side data - unknown'))).toBeUndefined();
  });
});
