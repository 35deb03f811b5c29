import { parseArgs } from 'node:util';

/** A command was misused. `message` is a sentence for the person who typed it. */
export class MisuseError extends Error {
  override readonly name = 'MisuseError';
}

/** The options of a command, by their long names. */
export type OptionShapes = Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>>;

export interface CommandArguments {
  /** The last one given wins. */
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/**
 * Parses the arguments of `command`. Throws a {@link MisuseError} for an unknown option, a missing value or a value too many.
 */
export function parseCommandArguments(
  command: string,
  words: readonly string[],
  shapes: OptionShapes,
): CommandArguments {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  // Not strict: Node's own error messages are written for programmers.
  const { tokens, positionals } = parseArgs({
    args: [...words],
    options: shapes,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const shape = Object.hasOwn(shapes, token.name) ? shapes[token.name] : undefined;
    if (shape === undefined) throw new MisuseError(unknownOption(command, words[token.index] ?? token.rawName));
    if (shape.type === 'boolean') {
      if (token.value !== undefined) throw new MisuseError(`${token.rawName} takes no value.`);
      flags.add(token.name);
      continue;
    }
    if (token.value === undefined || token.value === '') throw new MisuseError(`${token.rawName} needs a value.`);
    if (!token.inlineValue && token.value.startsWith('-')) {
      throw new MisuseError(
        `${token.rawName} needs a value. If it begins with -, write --${token.name}=${token.value}`,
      );
    }
    values.set(token.name, token.value);
  }
  return { values, flags, positionals };
}

/** `word` is the whole one: of `-talk.mp4`, Node's parser takes `-t` for the option. */
function unknownOption(command: string, word: string): string {
  const sentence = `Unknown option ${word}. See soundlift ${command} --help.`;
  return command === 'convert' ? `${sentence} For a file of that name, write ./${word}` : sentence;
}

/** A whole number from `min` to `max`. Throws a {@link MisuseError} that names the option. */
export function parseWholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new MisuseError(`--${option} takes a whole number from ${min} to ${max}.`);
}
