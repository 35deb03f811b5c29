import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { MisuseError, parseCommandArguments } from './command-arguments.ts';
import { serveHelp } from './words.ts';

/** As typed. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
}

/** Runs the server until the signal fires. Writes one line when it listens. */
export type Serve = (flags: ServeFlags, say: (line: string) => void, signal: AbortSignal) => Promise<void>;

const shapes = {
  host: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `soundlift serve`. Ends with 0 when it is stopped. Throws a MisuseError and what `serve` throws. */
export async function runServe(words: readonly string[], context: CommandContext, serve: Serve): Promise<ExitCode> {
  const { values, flags, positionals } = parseCommandArguments('serve', words, shapes);
  if (flags.has('help')) {
    context.stdout.write(serveHelp);
    return exitCodes.fine;
  }
  if (positionals.length > 0) throw new MisuseError('serve takes only options.');
  await serve(Object.fromEntries(values), (line) => void context.stdout.write(`${line}\n`), context.signal);
  return exitCodes.fine;
}
