import path from 'node:path';
import { mp3BitratesKbps, type OutputOptions } from '../../shared/formats.ts';
import { MisuseError, parseCommandArguments, parseWholeNumber } from './command-arguments.ts';

/** The parsed arguments of `convert`. Paths are absolute. */
export interface ConvertRequest {
  readonly paths: readonly string[];
  /** What was given as a file and is the address of something on the web, as typed. */
  readonly addresses: readonly string[];
  readonly output?: OutputPath;
  readonly options: OutputOptions;
  readonly overwrite: boolean;
  readonly json: boolean;
  /** Whether to show only what went wrong. */
  readonly quiet: boolean;
  /** How many videos to convert at once. */
  readonly jobs?: number;
  /** The address of a server, as typed. Absent: convert on this computer. */
  readonly server?: string;
}

/** Where the MP3s go. */
export interface OutputPath {
  readonly path: string;
  /** Whether it has the name of an MP3. It may still be a folder. */
  readonly isMp3: boolean;
}

/** The most that a converter takes. */
const mostJobs = 1024;

const shapes = {
  output: { type: 'string', short: 'o' },
  bitrate: { type: 'string' },
  quality: { type: 'string' },
  mono: { type: 'boolean' },
  track: { type: 'string' },
  server: { type: 'string' },
  // Accepted for scripts; every upload is whole today.
  whole: { type: 'boolean' },
  overwrite: { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  jobs: { type: 'string', short: 'j' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Returns `help` for `--help`. Throws a {@link MisuseError}. Relative paths start at `currentFolder`. */
export function parseConvertArguments(words: readonly string[], currentFolder: string): ConvertRequest | 'help' {
  const { values, flags, positionals } = parseCommandArguments('convert', words, shapes);
  if (flags.has('help')) return 'help';
  if (positionals.length === 0)
    throw new MisuseError('Give at least one file or folder, e.g. soundlift convert talk.mp4');
  // An empty name would mean the current folder. A script that writes "$FILE" does not mean that.
  if (positionals.includes('')) throw new MisuseError('One of the files has an empty name.');
  const output = values.get('output');
  const server = values.get('server');
  const jobs = values.get('jobs');
  if (flags.has('whole') && server === undefined) throw new MisuseError('--whole needs --server.');
  return {
    paths: positionals.filter((one) => !isAddress(one)).map((one) => path.resolve(currentFolder, one)),
    addresses: [...new Set(positionals.filter(isAddress))],
    ...(output === undefined ? {} : { output: outputPath(output, currentFolder) }),
    options: outputOptions(values, flags),
    overwrite: flags.has('overwrite'),
    json: flags.has('json'),
    quiet: flags.has('quiet'),
    ...(jobs === undefined ? {} : { jobs: parseWholeNumber('jobs', jobs, 1, mostJobs) }),
    ...(server === undefined ? {} : { server }),
  };
}

/** Whether the word begins like https://example.org/talk.mp4. */
function isAddress(word: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(word);
}

function outputPath(word: string, currentFolder: string): OutputPath {
  const isFolder = word.endsWith('/') || word.endsWith(path.sep);
  return { path: path.resolve(currentFolder, word), isMp3: !isFolder && path.extname(word).toLowerCase() === '.mp3' };
}

function outputOptions(values: ReadonlyMap<string, string>, flags: ReadonlySet<string>): OutputOptions {
  const bitrate = values.get('bitrate');
  const quality = values.get('quality');
  const track = values.get('track');
  if (bitrate !== undefined && quality !== undefined) {
    throw new MisuseError('Give --bitrate or --quality, not both: one is constant, the other varies.');
  }
  return {
    format: 'mp3',
    ...(bitrate === undefined ? {} : { bitrateKbps: parseBitrate(bitrate) }),
    ...(quality === undefined ? {} : { quality: parseWholeNumber('quality', quality, 0, 9) }),
    ...(flags.has('mono') ? { channels: 1 } : {}),
    ...(track === undefined ? {} : { track: parseWholeNumber('track', track, 0, 255) }),
  };
}

function parseBitrate(text: string): (typeof mp3BitratesKbps)[number] {
  const bitrate = mp3BitratesKbps.find((known) => String(known) === text.replace(/k$/i, ''));
  if (bitrate !== undefined) return bitrate;
  throw new MisuseError(`--bitrate takes one of ${mp3BitratesKbps.join(', ')} (kbit/s).`);
}
