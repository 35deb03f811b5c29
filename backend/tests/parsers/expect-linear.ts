import { expect } from 'vitest';

/** A parser, or anything else that reads text from outside. What it returns or throws does not matter. */
export type Parse = (text: string) => unknown;

/** Repeated to make a hostile text. The longer ones repeat what a pattern looks for. */
const units: readonly string[] = [
  ...[' ', '\t', ',', ';', ':', '.', '/', '\\', '"', "'", '=', '%', '+', '-', '_', '*', '@', '<', '>', '&', '(', ')'],
  ...['[', ']', '{', '}', '\0', '\n', '\r\n', 'a', 'A', '0', 'é', '\u0301', '\u202e', '\ufffd', '\ud800', '😀', '🇩'],
  ...[
    'a ',
    ' a',
    'a,',
    ', ',
    'a=',
    '="',
    '\\"',
    '%2',
    '%22',
    '../',
    'a.',
    '@a',
    '::',
    '1:',
    '&a=',
    '[]',
    '[[',
    '{"a":',
  ],
  ...['a b,', ' @ ', '[a @ 0] ', 'rate:1 ', 'fmt:', 'Decoder ', 'Protocol ', 'source: ', '<string>', 'ffmpeg: ', '--a'],
];

/** The lengths of hostile texts, in characters. */
export interface Lengths {
  /** Four times as much text takes four times as long. With quadratic time it would be sixteen. */
  readonly compared: readonly number[];
  /** Of one more text for each character. */
  readonly longest?: number;
}

/** A pattern that retries takes far longer than ten times as long already with these. */
export const shortTexts: Lengths = { compared: [4096, 16_384] };
export const longTexts: Lengths = { compared: [4096, 16_384, 65_536], longest: 1_048_576 };

const mostTimes = 10;
/** Less than this is noise. A machine that is five times slower than ours still stays below `mostMilliseconds`. */
const noiseMilliseconds = 20;
const mostMilliseconds = 2500;

/** Made once: a repeated string is a tree of its parts until somebody reads it, and to flatten it takes longer than most parsers do. */
const repeated = new Map<string, string>();

function repeat(unit: string, size: number): string {
  const key = `${size} ${unit}`;
  const made =
    repeated.get(key) ?? Buffer.from(unit.repeat(Math.ceil(size / unit.length)), 'utf16le').toString('utf16le');
  repeated.set(key, made);
  return made;
}

/**
 * Feeds the parser with each hostile text, alone and after text that it accepts. Compares processor time, which does not depend on what
 * else runs.
 */
export async function expectLinear(parse: Parse, before: readonly string[], lengths: Lengths): Promise<void> {
  for (const unit of units) {
    for (const start of ['', ...before]) await expectLinearIn(parse, unit, start, lengths);
  }
}

async function expectLinearIn(
  parse: Parse,
  unit: string,
  start: string,
  { compared, longest }: Lengths,
): Promise<void> {
  /** What no parser accepts at the end makes it try all other ways to read what comes before. */
  for (const end of ['', '\u{1}']) {
    const what = `${JSON.stringify(unit)} after ${JSON.stringify(start)}`;
    let last = noiseMilliseconds;
    for (const size of compared) {
      const milliseconds = await processorTime(parse, start + repeat(unit, size) + end);
      expect(milliseconds, `${size} characters of ${what}`).toBeLessThan(last * mostTimes);
      last = Math.max(noiseMilliseconds, milliseconds);
    }
    // Longer units only look for patterns that retry, which show in shorter texts.
    if (longest === undefined || end === '' || Array.from(unit).length > 1) continue;
    const milliseconds = await processorTime(parse, start + repeat(unit, longest) + end);
    expect(milliseconds, `${longest} characters of ${what}`).toBeLessThan(mostMilliseconds);
  }
}

/** The better of two runs, since the garbage of others may be collected during one. */
async function processorTime(parse: Parse, text: string): Promise<number> {
  const first = await timeOnce(parse, text);
  return first < noiseMilliseconds ? first : Math.min(first, await timeOnce(parse, text));
}

async function timeOnce(parse: Parse, text: string): Promise<number> {
  const before = process.cpuUsage();
  try {
    await parse(text);
  } catch {
    // A refusal is an answer, too.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
