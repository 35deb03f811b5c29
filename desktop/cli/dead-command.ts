import { AppError, isAppError } from '../../shared/errors.ts';
import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { MisuseError, parseCommandArguments } from './command-arguments.ts';
import { harmless, harmlessJson } from './terminal-text.ts';
import { deadHelp, deadLetterWords, droppedWords, noDeadLettersWords, retriedWords } from './words.ts';

/** A message that nobody works on any more. */
export interface ListedDeadLetter {
  readonly id: string;
  /** The name of the queue that it lies in. */
  readonly queue: string;
  readonly body: string;
  /** A sentence. */
  readonly cause: string;
  /** Absent if the message names no conversion. */
  readonly conversionId?: string;
  /** ISO 8601. */
  readonly at?: string;
}

/** The dead letters of a cluster. All methods throw an AppError. */
export interface DeadLetterBox extends AsyncDisposable {
  list(): Promise<readonly ListedDeadLetter[]>;
  /** Queues a failed conversion again. */
  retry(conversionId: string): Promise<void>;
  /** Resolves with how many there were. */
  drop(ids: readonly string[]): Promise<number>;
}

export type OpenDeadLetters = () => Promise<DeadLetterBox>;

const shapes = {
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `soundlift dead`. Throws a MisuseError and what `open` throws. */
export async function runDead(
  words: readonly string[],
  context: CommandContext,
  open: OpenDeadLetters,
): Promise<ExitCode> {
  const { flags, positionals } = parseCommandArguments('dead', words, shapes);
  if (flags.has('help')) {
    context.stdout.write(deadHelp);
    return exitCodes.fine;
  }
  const [name, id, ...more] = positionals;
  if (flags.has('json') && name !== 'list') throw new MisuseError('--json goes with soundlift dead list only.');
  if (name === 'list') {
    if (id !== undefined || flags.has('all')) throw new MisuseError('dead list takes no id and lists all.');
    await using box = await open();
    return await list(box, context, flags.has('json'));
  }
  if (name !== 'retry' && name !== 'drop') {
    throw new MisuseError('dead is followed by list, retry or drop. See soundlift dead --help.');
  }
  if (flags.has('all') === (id !== undefined) || more.length > 0) {
    throw new MisuseError(`dead ${name} needs the id of one dead letter, or --all.`);
  }
  await using box = await open();
  const letters = await find(box, id);
  return name === 'retry' ? await retry(letters, box, context) : await drop(letters, box, context);
}

async function list(box: DeadLetterBox, { stdout }: CommandContext, json: boolean): Promise<ExitCode> {
  const letters = await box.list();
  for (const letter of letters) stdout.write(`${json ? harmlessJson(letter) : harmless(deadLetterWords(letter))}\n`);
  if (letters.length === 0 && !json) stdout.write(`${noDeadLettersWords}\n`);
  return exitCodes.fine;
}

/** The letter with this id, or those that name the conversion with this id; without an id, all letters. */
async function find(box: DeadLetterBox, id: string | undefined): Promise<readonly ListedDeadLetter[]> {
  const letters = await box.list();
  if (id === undefined) return letters;
  const meant = letters.filter((letter) => letter.id === id || letter.conversionId === id);
  if (meant.length === 0) throw new AppError('not_found', `There is no dead letter ${id}. See soundlift dead list.`);
  return meant;
}

/** Queues the conversion of each letter again, and removes the letter. Says which cannot be retried, and goes on with the others. */
async function retry(
  letters: readonly ListedDeadLetter[],
  box: DeadLetterBox,
  { stdout, stderr, signal }: CommandContext,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.fine;
  function refuse(id: string, reason: string): void {
    stderr.write(`${harmless(`${reason} To remove the dead letter: soundlift dead drop ${id}`)}\n`);
    code = exitCodes.failed;
  }
  const ofConversions = Map.groupBy(letters, ({ conversionId }) => conversionId);
  for (const [conversionId, its] of ofConversions) {
    signal.throwIfAborted();
    if (conversionId === undefined) {
      for (const { id } of its) refuse(id, `The dead letter ${id} names no conversion, so there is nothing to retry.`);
      continue;
    }
    try {
      await box.retry(conversionId);
    } catch (error) {
      if (!isAppError(error, 'not_found', 'wrong_state', 'gone')) throw error;
      refuse(conversionId, `${error.message} There is nothing to retry.`);
      continue;
    }
    stdout.write(`${harmless(retriedWords(conversionId))}\n`);
    await box.drop(its.map(({ id }) => id));
  }
  if (letters.length === 0) stdout.write(`${noDeadLettersWords}\n`);
  return code;
}

async function drop(
  letters: readonly ListedDeadLetter[],
  box: DeadLetterBox,
  { stdout }: CommandContext,
): Promise<ExitCode> {
  const count = letters.length === 0 ? 0 : await box.drop(letters.map(({ id }) => id));
  stdout.write(`${count === 0 ? noDeadLettersWords : droppedWords(count)}\n`);
  return exitCodes.fine;
}
