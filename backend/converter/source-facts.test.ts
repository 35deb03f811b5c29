import { describe, expect, test } from 'vitest';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { readSourceFacts } from './source-facts.ts';

interface Description {
  readonly streams?: readonly object[];
  readonly format?: object;
}

const video = { index: 0, codec_type: 'video', codec_name: 'h264', width: 1280, height: 720 };
const german = {
  index: 1,
  codec_type: 'audio',
  codec_name: 'aac',
  sample_rate: '48000',
  channels: 2,
  channel_layout: 'stereo',
  duration: '60.021333',
  disposition: { default: 1 },
  tags: { language: 'deu' },
};
const english = { ...german, index: 2, codec_name: 'ac3', channels: 6, disposition: { default: 0 } };
const cover = {
  index: 3,
  codec_type: 'video',
  codec_name: 'png',
  width: 300,
  height: 300,
  disposition: { attached_pic: 1 },
};

function describeSource({ streams = [video, german], format = {} }: Description = {}): string {
  return JSON.stringify({ streams, format: { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', probe_score: 100, ...format } });
}

function read(description: Description, track?: number) {
  return readSourceFacts(describeSource(description), { track });
}

function refusalOf(description: Description, track?: number): AppError {
  try {
    read(description, track);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('the facts of a source', () => {
  test('are read from the output of ffprobe', () => {
    expect(readSourceFacts(describeSource())).toEqual({
      container: 'mov',
      tracks: [{ index: 0, codec: 'aac', channels: 2, language: 'deu' }],
      track: { index: 0, codec: 'aac', sampleRate: 48000, channels: 2, hasLayout: true },
      durationSeconds: 60.021333,
      durationIsStated: true,
      tags: {},
      otherCodecs: ['h264'],
      searchOptions: [],
      probe: {
        format: expect.objectContaining({ format_name: 'mov,mp4,m4a,3gp,3g2,mj2' }),
        track: expect.objectContaining({ duration: '60.021333' }),
      },
    });
  });

  test('choose the default track at any index, and count audio tracks only', () => {
    const first = { ...german, disposition: { default: 0 } };
    const second = { ...english, disposition: { default: 1 }, tags: { LANGUAGE: 'eng', Title: 'Commentary' } };
    const facts = read({ streams: [first, video, second] });
    expect(facts.track).toMatchObject({ index: 1, codec: 'ac3' });
    expect(facts.tracks[1]).toEqual({ index: 1, codec: 'ac3', channels: 6, language: 'eng', title: 'Commentary' });
  });

  test('choose the first track if none is marked, and the requested one if one is requested', () => {
    const streams = [video, { ...english, disposition: {} }, { ...german, disposition: {} }];
    expect(read({ streams }).track.index).toBe(0);
    expect(read({ streams: [video, german, english] }, 1).track).toMatchObject({ index: 1, codec: 'ac3' });
  });

  test('prefer a track that can be decoded to a default track with an unknown codec', () => {
    const { codec_name: _, ...unknown } = german;
    const streams = [video, unknown, { ...english, disposition: {} }];
    expect(read({ streams }).track).toMatchObject({ index: 1, codec: 'ac3' });
    expect(read({ streams }).tracks[0]?.codec).toBe('unknown');
    expect(refusalOf({ streams: [video, unknown] }).code).toBe('damaged');
  });

  test('omit an undetermined language', () => {
    expect(read({ streams: [{ ...german, tags: { language: 'und' } }] }).tracks[0]).not.toHaveProperty('language');
  });

  test('give the duration of the track, otherwise that of the file less the late start', () => {
    const { duration: _, ...unknown } = german;
    const format = { duration: '70.5', start_time: '1.4' };
    expect(read({ streams: [{ ...unknown, start_time: '3.4' }], format }).durationSeconds).toBe(68.5);
    expect(read({ streams: [{ ...unknown, start_time: '0.9' }], format }).durationSeconds).toBe(70.5);
    expect(read({ streams: [german], format }).durationSeconds).toBe(60.021333);
    expect(read({ streams: [unknown] })).not.toHaveProperty('durationSeconds');
    expect(read({ streams: [unknown], format: { duration: 'N/A' } })).not.toHaveProperty('durationSeconds');
    expect(read({ streams: [unknown], format: { duration: '-5' } })).not.toHaveProperty('durationSeconds');
  });

  test('distinguish a stated duration from one that ffprobe estimated from a bitrate', () => {
    expect(read({ format: { format_name: 'aac' } }).durationIsStated).toBe(false);
    expect(read({ format: { format_name: 'wav' } }).durationIsStated).toBe(true);
  });

  test('include a cover only if an MP3 can hold it', () => {
    expect(read({ streams: [german, cover] }).cover).toEqual({ streamIndex: 3 });
    expect(read({ streams: [german, { ...cover, codec_name: 'mjpeg' }] }).cover).toEqual({ streamIndex: 3 });
    for (const change of [{ codec_name: 'gif' }, { disposition: {} }, { width: 0 }, { height: undefined }]) {
      expect(read({ streams: [german, { ...cover, ...change }] })).not.toHaveProperty('cover');
    }
  });

  test('keep title, artist, album and date in any case, and nothing else', () => {
    const tags = { TITLE: 'T', Artist: 'A', album: 'B', date: '2024', encoder: 'E', comment: 'C', composer: 'D' };
    expect(read({ format: { tags } }).tags).toEqual({ title: 'T', artist: 'A', album: 'B', date: '2024' });
  });

  test('use the tags of the track if the container has none', () => {
    const track = { ...german, tags: { title: 'T', artist: 'A' } };
    expect(read({ streams: [track], format: { tags: { artist: 'B' } } }).tags).toEqual({ title: 'T', artist: 'B' });
  });

  test('do not use the title of one of several tracks', () => {
    expect(read({ streams: [{ ...german, tags: { title: 'German' } }, english] }).tags).toEqual({});
  });

  test('cut long tags to what a command line can hold', () => {
    const tags = { title: 'x'.repeat(5000), artist: 'one\0two', album: '  ', date: '' };
    expect(read({ format: { tags } }).tags).toEqual({ title: 'x'.repeat(1000), artist: 'one two' });
  });
});

describe('a source is refused', () => {
  test('if it has no audio', () => {
    expect(refusalOf({ streams: [video] })).toMatchObject({ code: 'no_audio', message: 'This video has no sound.' });
    expect(refusalOf({ streams: [] }).code).toBe('no_audio');
  });

  test('if the requested track does not exist, with a list of the existing ones', () => {
    const error = refusalOf({ streams: [video, german, { ...english, tags: {} }] }, 2);
    expect(error).toMatchObject({ code: 'no_audio', details: { track: 2, tracks: 2 } });
    expect(error.message).toBe('The video does not have this audio track. It has 2: aac deu, ac3.');
    expect(refusalOf({ streams: [german] }, 1).message).toMatch(/ It has only one: aac deu\.$/);
    expect(refusalOf({ streams: [video] }, 2).message).toBe('This video has no sound.');
  });

  test('if the format of its audio is unknown', () => {
    expect(refusalOf({ streams: [{ ...german, sample_rate: '0' }] }).code).toBe('damaged');
    expect(refusalOf({ streams: [{ ...german, channels: 0 }] }).code).toBe('damaged');
  });

  test('if ffprobe detects audio in it only by chance', () => {
    expect(refusalOf({ format: { format_name: 'mp3', probe_score: 1 } }).code).toBe('not_media');
  });

  test.each(['', '{}', 'null', '{"format":{}}', '{"streams":{},"format":{"format_name":"x"}}'])(
    'if ffprobe prints %s',
    (json) => {
      expect(() => readSourceFacts(json)).toThrow("This isn't a video or audio file.");
    },
  );
});
