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
      options: { format: 'mp3' },
      overwrite: false,
      json: false,
    });
  });

  it.each([
    [['-o', 'out'], { outputFolder: path.join(here, 'out') }],
    [['-oout'], { outputFolder: path.join(here, 'out') }],
    [['--output=-out'], { outputFolder: path.join(here, '-out') }],
    [['--bitrate', '128'], { options: { format: 'mp3', bitrateKbps: 128 } }],
    [['--quality=0'], { options: { format: 'mp3', quality: 0 } }],
    [['--mono'], { options: { format: 'mp3', channels: 1 } }],
    [['--track', '1', '--track', '2'], { options: { format: 'mp3', track: 2 } }],
    [['--overwrite', '--json'], { overwrite: true, json: true }],
    [['--server', 'sound.example.org', '--whole'], { server: 'sound.example.org' }],
  ])('take %j', (words, expected) => {
    expect(parse(...words, 'a.mp4')).toMatchObject(expected);
    expect(parse('a.mp4', ...words)).toMatchObject(expected);
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
    [['a.mp4', '--bitrate', '128k'], /one of 8, 16, .*320/],
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
