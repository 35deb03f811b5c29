import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { type MediaFolder, openMediaFolder } from '../tests/media/make-media.ts';
import { locateFfmpeg } from './ffmpeg/locate-ffmpeg.ts';
import { type Ffmpeg, openFfmpeg } from './ffmpeg/run-ffmpeg.ts';
import { probeSource } from './probe-source.ts';
import type { SourceFacts } from './source-facts.ts';
import { stageSource } from './stage-source.ts';

let media: MediaFolder;
let ffmpeg: Ffmpeg;
let folder: string;

beforeAll(async () => {
  media = await openMediaFolder();
  ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
  folder = await mkdtemp(join(tmpdir(), 'soundlift-probe-'));
});
afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function probe(path: string, track?: number): Promise<SourceFacts> {
  const workFolder = await mkdtemp(join(folder, 'work-'));
  await stageSource(path, workFolder);
  return await probeSource({ ffmpeg, workFolder, track });
}

async function refusalOf(path: string, track?: number): Promise<AppError> {
  const error: unknown = await probe(path, track).catch((thrown: unknown) => thrown);
  if (!isAppError(error)) throw new Error('expected a refusal', { cause: error });
  return error;
}

async function write(name: string, contents: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, contents);
  return path;
}

describe('probing finds', () => {
  test('the facts of a video', async () => {
    const path = await media.make({
      container: 'mkv',
      seconds: 3,
      audio: [
        { language: 'ger' },
        { language: 'eng', title: 'Commentary', channels: 1, codec: 'ac3', isDefault: true },
      ],
      tags: { title: 'A talk', artist: 'Somebody', comment: 'not this' },
    });
    const facts = await probe(path);
    expect(facts).toMatchObject({
      container: 'matroska',
      track: { channels: 1, codec: 'ac3', sampleRate: 44100 },
      tags: { title: 'A talk', artist: 'Somebody' },
      otherCodecs: ['h264', 'aac'],
    });
    expect(facts.tracks).toEqual([
      { index: 0, codec: 'aac', channels: 2, language: 'ger' },
      { index: 1, codec: 'ac3', channels: 1, language: 'eng', title: 'Commentary' },
    ]);
    expect(facts.durationSeconds).toBeCloseTo(3, 1);
  });

  test.each(['mp4', 'mkv', 'm4a', 'flac', 'mp3'] as const)('the cover of a %s', async (container) => {
    const facts = await probe(await media.make({ container, seconds: 1, cover: 'jpeg' }));
    expect(facts.cover).toBeDefined();
  });

  test('no cover if the picture is a video', async () => {
    expect(await probe(await media.make({ container: 'mp4', seconds: 1 }))).not.toHaveProperty('cover');
  });

  test('audio that a stream announces only where it starts, far from the beginning', async () => {
    const path = join(folder, 'late.ts');
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25:d=12'];
    const sound = ['-itsoffset', '11', '-f', 'lavfi', '-i', 'sine=d=1'];
    const codecs = ['-c:v', 'mpeg2video', '-q:v', '1', '-c:a', 'aac'];
    await promisify(execFile)('ffmpeg', ['-v', 'error', ...picture, ...sound, ...codecs, path]);
    const facts = await probe(path);
    expect(facts.track).toMatchObject({ codec: 'aac' });
    expect(facts.searchOptions).toContain('-probesize');
  });
});

describe('probing refuses', () => {
  test.each([
    ['text', 'not_media'],
    ['garbage', 'not_media'],
    ['image', 'not_media'],
    ['mp4-cut-before-its-index', 'not_media'],
    ['no-audio-track', 'no_audio'],
  ] as const)('%s as %s', async (kind, code) => {
    expect((await refusalOf(await media.makeBroken(kind))).code).toBe(code);
  });

  test('pictures and videos without audio', async () => {
    for (const name of ['picture.gif', 'picture.png', 'picture.webp', 'picture.bmp', 'picture.tiff']) {
      const path = join(folder, name);
      await promisify(execFile)('ffmpeg', [
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        'testsrc2=s=32x32:r=2:d=1',
        '-frames:v',
        '1',
        path,
      ]);
      expect((await refusalOf(path)).code).toBe('not_media');
    }
  });

  test('a video whose index is cut off, and says so', async () => {
    const error = await refusalOf(await media.makeBroken('mp4-cut-before-its-index'));
    expect(error.message).toMatch(/incomplete/);
  });

  test('a track that does not exist', async () => {
    const path = await media.make({ container: 'mkv', seconds: 1, audio: [{}, { language: 'eng' }] });
    expect(await refusalOf(path, 2)).toMatchObject({ code: 'no_audio', details: { track: 2, tracks: 2 } });
    expect((await probe(path, 1)).track.index).toBe(1);
  });

  test('a text that resembles a transport stream', async () => {
    // Seen in practice: because of the position of its G, ffprobe guesses a transport stream and ends with "End of
    // file" instead of its usual message.
    const path = await write(
      'web.mpd',
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="audio/mpeg"><Representation id="1" bandwidth="1"><BaseURL>file:///tmp/soundlift-media-G8bUFq/13.mp3</BaseURL></Representation></AdaptationSet></Period></MPD>',
    );
    expect((await refusalOf(path)).code).toBe('not_media');
  });

  test('every file that only refers to other media', async () => {
    const sound = await media.make({ container: 'mp3', seconds: 1 });
    const target = `file://${sound}`;
    const lists = {
      'list.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${sound}\n#EXT-X-ENDLIST\n`,
      'list.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${target}\n#EXT-X-ENDLIST\n`,
      'list.ffconcat': `ffconcat version 1.0\nfile '${sound}'\n`,
      'passwd.mp4': "ffconcat version 1.0\nfile '/etc/passwd'\n",
      'stream.sdp': 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n',
      'web.mpd': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="audio/mpeg"><Representation id="1" bandwidth="1"><BaseURL>${target}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      'meta.txt': ';FFMETADATA1\ntitle=x\n',
    };
    for (const [name, contents] of Object.entries(lists)) {
      const error = await refusalOf(await write(name, contents));
      expect({ name, code: error.code }).toEqual({ name, code: 'not_media' });
    }
  });

  test('an unreadable file as source_unreadable, not as not_media', async () => {
    const path = await write('locked.mp4', await readFile(await media.make({ container: 'mp3', seconds: 1 })));
    await chmod(path, 0o000);
    // Root can read its own files whatever their mode. Contained, it cannot read another user's.
    if (process.getuid?.() === 0) await chown(path, 12_345, 12_345);
    expect((await refusalOf(path)).code).toBe('source_unreadable');
  });

  test('a source that was removed meanwhile as source_missing, not as not_media', async () => {
    const workFolder = join(folder, 'nothing-staged');
    await mkdir(workFolder);
    await expect(probeSource({ ffmpeg, workFolder })).rejects.toMatchObject({ code: 'source_missing' });
  });

  test('to continue after an abort', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(probeSource({ ffmpeg, workFolder: folder, signal })).rejects.toThrow('enough');
  });
});
