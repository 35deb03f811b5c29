import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MisuseError } from './command-arguments.ts';
import { parseConvertArguments } from './convert-arguments.ts';

const here = path.resolve('/home/me/videos');
const parse = (...words: readonly string[]) => parseConvertArguments(words, here);

describe('the arguments of convert', () => {
  it('are files and folders, relative to the caller’s folder', () => {
    const film = path.resolve('/films/b.mp4');
    expect(parse('a.mp4', '../old', film)).toEqual({
      paths: [path.join(here, 'a.mp4'), path.resolve('/home/me/old'), film],
      addresses: [],
      options: { format: 'mp3' },
      overwrite: false,
      json: false,
      quiet: false,
    });
  });

  it.each([
    [['-o', 'out'], { output: { path: path.join(here, 'out'), isMp3: false } }],
    [['-oout'], { output: { path: path.join(here, 'out'), isMp3: false } }],
    [['--output=-out'], { output: { path: path.join(here, '-out'), isMp3: false } }],
    [['-o', 'b/one.MP3'], { output: { path: path.join(here, 'b', 'one.MP3'), isMp3: true } }],
    [['-o', 'one.mp3/'], { output: { path: path.join(here, 'one.mp3'), isMp3: false } }],
    [['-o', '.mp3'], { output: { path: path.join(here, '.mp3'), isMp3: false } }],
    [['--bitrate', '128'], { options: { format: 'mp3', bitrateKbps: 128 } }],
    [['--bitrate', '320k'], { options: { format: 'mp3', bitrateKbps: 320 } }],
    [['--quality=0'], { options: { format: 'mp3', quality: 0 } }],
    [['--mono'], { options: { format: 'mp3', channels: 1 } }],
    [['--track', '1', '--track', '2'], { options: { format: 'mp3', track: 2 } }],
    [['-j', '3', '-q'], { jobs: 3, quiet: true }],
    [['--jobs=1', '--quiet'], { jobs: 1, quiet: true }],
    [['--overwrite', '--json'], { overwrite: true, json: true }],
    [['--server', 'sound.example.org', '--whole'], { server: 'sound.example.org' }],
  ])('take %j', (words, expected) => {
    expect(parse(...words, 'a.mp4')).toMatchObject(expected);
    expect(parse('a.mp4', ...words)).toMatchObject(expected);
  });

  it('tell addresses from files', () => {
    const address = 'https://example.org/talk.mp4';
    expect(parse('a.mp4', address, address, 'http:b.mp4', 'C:/c.mp4', 'file:///d.mp4')).toMatchObject({
      paths: [path.join(here, 'a.mp4'), path.resolve(here, 'http:b.mp4'), path.resolve(here, 'C:/c.mp4')],
      addresses: [address, 'file:///d.mp4'],
    });
  });

  it('take everything after -- as files', () => {
    expect(parse('--', '-x.mp4', '--json')).toMatchObject({
      paths: [path.join(here, '-x.mp4'), path.join(here, '--json')],
      json: false,
    });
  });

  it('may ask for help together with any other arguments', () => {
    expect(parse('--help')).toBe('help');
    expect(parse('a.mp4', '-h')).toBe('help');
  });

  it.each([
    [[], /at least one file/],
    [['--json'], /at least one file/],
    [[''], /empty name/],
    [['-dash.mp4'], /^Unknown option -dash\.mp4\. See soundlift convert --help\..* write \.\/-dash\.mp4$/],
    [['a.mp4', '--speed', '2'], /Unknown option --speed/],
    [['a.mp4', '--server'], /--server needs a value/],
    [['a.mp4', '--whole'], /--whole needs --server/],
    [['a.mp4', '--toString'], /Unknown option --toString/],
    [['a.mp4', '-o'], /-o needs a value/],
    [['a.mp4', '-o', '--json'], /-o needs a value.*--output=--json/],
    [['a.mp4', '--output='], /--output needs a value/],
    [['a.mp4', '--json=yes'], /--json takes no value/],
    [['a.mp4', '--bitrate', '128kk'], /one of 8, 16, .*320/],
    [['a.mp4', '-j', '0'], /^--jobs takes a whole number from 1 to 1024/],
    [['a.mp4', '-j'], /-j needs a value/],
    [['a.mp4', '--bitrate', '100'], /one of/],
    [['a.mp4', '--quality', '10'], /from 0 to 9/],
    [['a.mp4', '--quality', '-1'], /needs a value/],
    [['a.mp4', '--quality', '1.5'], /from 0 to 9/],
    [['a.mp4', '--track', 'eng'], /from 0 to 255/],
    [['a.mp4', '--bitrate', '128', '--quality', '2'], /not both/],
  ])('%j are refused with a sentence', (words, sentence) => {
    expect(() => parse(...words)).toThrow(MisuseError);
    expect(() => parse(...words)).toThrow(sentence);
  });
});
