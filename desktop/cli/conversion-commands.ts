import type { Conversion } from '../../shared/api.ts';
import type { RemoteBackend } from '../client/remote-backend.ts';
import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { MisuseError, parseCommandArguments } from './command-arguments.ts';
import { harmless, harmlessJson } from './terminal-text.ts';
import { cancelHelp, cancelledWords, listHelp, listWords, nothingListedWords } from './words.ts';

/** Opens the server at that address, or the one of the latest sign-in. */
export type OpenServer = (address: string | undefined) => Promise<RemoteBackend>;

const shapes = {
  server: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `soundlift list`: the account's conversions on the server, newest first. */
export async function runList(
  words: readonly string[],
  { stdout, signal }: CommandContext,
  openServer: OpenServer,
): Promise<ExitCode> {
  const { flags, values, positionals } = parseCommandArguments('list', words, shapes);
  if (flags.has('help')) {
    stdout.write(listHelp);
    return exitCodes.fine;
  }
  if (positionals.length > 0) throw new MisuseError('list takes only options.');
  const backend = await openServer(values.get('server'));
  const json = flags.has('json');
  let listed = 0;
  try {
    for (let cursor: string | undefined; ; ) {
      signal.throwIfAborted();
      const { items, next } = await backend.page(cursor);
      for (const conversion of items) stdout.write(`${json ? harmlessJson(conversion) : lineOf(conversion)}\n`);
      listed += items.length;
      if (next === undefined) break;
      cursor = next;
    }
  } finally {
    await backend.close();
  }
  if (listed === 0 && !json) stdout.write(`${nothingListedWords}\n`);
  return exitCodes.fine;
}

/** `soundlift cancel ID`. */
export async function runCancel(
  words: readonly string[],
  { stdout }: CommandContext,
  openServer: OpenServer,
): Promise<ExitCode> {
  const { server, help } = shapes;
  const { flags, values, positionals } = parseCommandArguments('cancel', words, { server, help });
  if (flags.has('help')) {
    stdout.write(cancelHelp);
    return exitCodes.fine;
  }
  const [id, ...more] = positionals;
  if (id === undefined || id === '' || more.length > 0) throw new MisuseError('cancel needs the id of one conversion.');
  const backend = await openServer(values.get('server'));
  try {
    const { fileName } = await backend.cancel(id);
    stdout.write(`${harmless(cancelledWords(fileName))}\n`);
  } finally {
    await backend.close();
  }
  return exitCodes.fine;
}

function lineOf(conversion: Conversion): string {
  return harmless(listWords(conversion));
}
