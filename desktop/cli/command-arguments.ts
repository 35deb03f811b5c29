import { parseArgs } from 'node:util';

/** Thrown when a command is misused; `message` is a sentence for the person who typed it. */
export class MisuseError extends Error {
  override readonly name = 'MisuseError';
}

/** What a command takes besides files: each option by its long name. */
export type OptionShapes = Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>>;

export interface CommandArguments {
  /** The last one given wins. */
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** Takes a command's words apart. Throws a {@link MisuseError} for an option that is not known, or that lacks its value or has one too many. */
export function parseCommandArguments(words: readonly string[], shapes: OptionShapes): CommandArguments {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  // Not strict: Node's own sentences for what is wrong are written for programmers.
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
    if (shape === undefined) throw new MisuseError(unknownOption(token.rawName));
    if (shape.type === 'boolean') {
      if (token.value !== undefined) throw new MisuseError(`${token.rawName} takes no value.`);
      flags.add(token.name);
      continue;
    }
    if (token.value === undefined || token.value === '')
      throw new MisuseError(`${token.rawName} wants a value after it.`);
    if (!token.inlineValue && token.value.startsWith('-')) {
      throw new MisuseError(
        `${token.rawName} wants a value after it. For one that begins with -, write --${token.name}=${token.value}`,
      );
    }
    values.set(token.name, token.value);
  }
  return { values, flags, positionals };
}

function unknownOption(rawName: string): string {
  return `There is no option ${rawName}. A file whose name begins with - goes after --, or is written as ./${rawName}`;
}

/** A whole number from `min` to `max`. Throws a {@link MisuseError} that names the option. */
export function parseWholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new MisuseError(`--${option} takes a whole number from ${min} to ${max}.`);
}
