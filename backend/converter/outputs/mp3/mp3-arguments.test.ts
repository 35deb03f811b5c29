import { describe, expect, test } from 'vitest';
import type { OutputOptions } from '../../../../shared/formats.ts';
import { type ArgumentFacts, convertArguments, listenArguments, mp3SampleRate } from './mp3-arguments.ts';

const stereo: ArgumentFacts = {
  track: { index: 0, codec: 'aac', sampleRate: 48000, channels: 2, hasLayout: true },
  tags: {},
  searchOptions: [],
};

function mp3Options(options: Partial<OutputOptions>, facts: ArgumentFacts = stereo): string {
  return convertArguments({ format: 'mp3', ...options }, facts).outputs[0]?.options.join(' ') ?? '';
}

describe('convertArguments', () => {
  test('makes one pass with two outputs, the MP3 and its samples', () => {
    expect(convertArguments({ format: 'mp3' }, stereo)).toEqual({
      inputOptions: expect.arrayContaining(['-nostdin', '-protocol_whitelist', 'file,pipe', '-format_whitelist']),
      input: 'file:source',
      outputs: [
        {
          to: { file: 'sound.mp3' },
          options: (
            '-map 0:a:0 -vn -sn -dn -map_metadata -1 -map_chapters -1 -c:a libmp3lame -q:a 2 -ac 2 -ar 48000 ' +
            '-id3v2_version 3 -write_xing 1 -f mp3'
          ).split(' '),
        },
        { to: 'sound', options: '-map 0:a:0 -ac 1 -ar 48000 -c:a pcm_s16le -flush_packets 0 -f s16le'.split(' ') },
      ],
    });
  });

  test.each<[Partial<OutputOptions>, RegExp]>([
    [{}, /-q:a 2 /],
    [{ quality: 0 }, /-q:a 0 /],
    [{ quality: 9 }, /-q:a 9 /],
    [{ bitrateKbps: 320 }, /-b:a 320k /],
    [{ bitrateKbps: 8, channels: 1 }, /-b:a 8k -ac 1 /],
  ])('knows the quality of %o', (options, expected) => {
    expect(mp3Options(options)).toMatch(expected);
    expect(mp3Options(options).match(/-[qb]:a/g)).toHaveLength(1);
  });

  test.each([
    [1, undefined, '-ac 1 '],
    [2, undefined, '-ac 2 '],
    [6, undefined, '-ac 2 '],
    [2, 1, '-ac 1 '],
    [6, 1, '-ac 1 '],
  ] as const)('turns %i channels with the option %s into %s', (channels, wanted, expected) => {
    const facts = { ...stereo, track: { ...stereo.track, channels } };
    expect(mp3Options(wanted === undefined ? {} : { channels: wanted }, facts)).toContain(expected);
  });

  test('takes the first two of many channels without positions, which ffmpeg cannot mix down', () => {
    const many = (channels: number, hasLayout = false) =>
      convertArguments({ format: 'mp3' }, { ...stereo, track: { ...stereo.track, channels, hasLayout } });
    for (const { options } of many(9).outputs) expect(options.join(' ')).toContain('-af pan=stereo|c0=c0|c1=c1 ');
    for (const { outputs } of [many(9, true), many(8), many(16)]) expect(JSON.stringify(outputs)).not.toContain('pan=');
  });

  test('encodes and checks the chosen track', () => {
    const facts = { ...stereo, track: { ...stereo.track, index: 3 } };
    const { outputs } = convertArguments({ format: 'mp3' }, facts);
    for (const { options } of [...outputs, ...listenArguments(facts).outputs]) {
      expect(options.slice(0, 2)).toEqual(['-map', '0:a:3']);
    }
  });

  test('copies a cover, and no other picture', () => {
    const options = mp3Options({}, { ...stereo, cover: { streamIndex: 2 } });
    expect(options).toMatch(/-map 0:a:0 -map 0:2 -c:v copy -disposition:v attached_pic/);
    expect(options).not.toContain('-vn');
    expect(options).toContain('-sn -dn');
  });

  test('passes each tag as one argument, whatever it contains', () => {
    const tags = { title: '-i /etc/passwd', artist: 'a = b', album: 'two\nlines' };
    const options = convertArguments({ format: 'mp3' }, { ...stereo, tags }).outputs[0]?.options ?? [];
    for (const value of ['title=-i /etc/passwd', 'artist=a = b', 'album=two\nlines']) {
      expect(options[options.indexOf(value) - 1]).toBe('-metadata');
    }
  });

  test('searches the source as far as ffprobe had to', () => {
    const facts = { ...stereo, searchOptions: ['-probesize', '100M'] };
    expect(convertArguments({ format: 'mp3' }, facts).inputOptions.join(' ')).toContain('-probesize 100M');
    expect(listenArguments(facts).inputOptions.join(' ')).toContain('-probesize 100M');
  });
});

test('a source cannot use a demuxer that opens other files', () => {
  for (const { inputOptions } of [convertArguments({ format: 'mp3' }, stereo), listenArguments(stereo)]) {
    const allowed = inputOptions[inputOptions.indexOf('-format_whitelist') + 1]?.split(',') ?? [];
    expect(allowed).toEqual(expect.arrayContaining(['mov', 'matroska', 'avi', 'mpegts', 'ogg', 'asf', 'flv', 'mp3']));
    for (const name of ['hls', 'applehttp', 'dash', 'concat', 'sdp', 'rtsp', 'rtp', 'imf', 'lavfi', 'image2', 'tty']) {
      expect(allowed).not.toContain(name);
    }
    expect(inputOptions[inputOptions.indexOf('-protocol_whitelist') + 1]).toBe('file,pipe');
  }
});

describe('mp3SampleRate', () => {
  test.each([
    [4000, 8000],
    [7350, 8000],
    [8000, 8000],
    [11025, 11025],
    [12000, 12000],
    [16000, 16000],
    [22050, 22050],
    [24000, 24000],
    [32000, 32000],
    [37800, 44100],
    [44100, 44100],
    [48000, 48000],
    [64000, 48000],
    [88200, 44100],
    [96000, 48000],
    [176400, 44100],
    [192000, 48000],
    [384000, 48000],
  ])('makes of %i Hz %i', (from, to) => {
    expect(mp3SampleRate(from)).toBe(to);
  });
});
