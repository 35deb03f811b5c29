import { homedir } from 'node:os';
import path from 'node:path';
import { watchForStop } from '../../backend/main/stop-signals.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Backend } from '../client/backend.ts';
import type { RemoteBackend } from '../client/remote-backend.ts';
import { type CommandContext, exitCodes } from './command.ts';
import { MisuseError } from './command-arguments.ts';
import { callersFolder } from './current-folder.ts';
import type { DeadLetterBox } from './dead-command.ts';
import { failureWords } from './failure-words.ts';
import type { KeptSignIns } from './kept-sign-ins.ts';
import type { ServeFlags } from './serve-command.ts';
import type { SignInQuestions } from './sign-in-commands.ts';
import { harmless } from './terminal-text.ts';
import { generalHelp } from './words.ts';

// Each command loads its code when it is called, so `convert` does not load the server.

const packageFolder = path.resolve(import.meta.dirname, '..', '..');
const currentFolder = callersFolder(process.cwd(), packageFolder, process.env['INIT_CWD']);
const environment: NodeJS.ProcessEnv = { ...process.env, INIT_CWD: currentFolder };

async function run([command, ...words]: readonly string[], context: CommandContext): Promise<number> {
  switch (command) {
    case 'convert': {
      const { runConvert } = await import('./convert-command.ts');
      return await runConvert(words, context, async ({ server, jobs }) =>
        server === undefined ? await openTemporaryBackend(jobs) : await openServer(server, context),
      );
    }
    case 'login': {
      const { runLogin } = await import('./sign-in-commands.ts');
      return await runLogin(words, context, await keptSignIns(context), await signInQuestions(context));
    }
    case 'logout': {
      const { runLogout } = await import('./sign-in-commands.ts');
      return await runLogout(words, context, await keptSignIns(context));
    }
    case 'list': {
      const { runList } = await import('./conversion-commands.ts');
      return await runList(words, context, (address) => openServer(address, context));
    }
    case 'cancel': {
      const { runCancel } = await import('./conversion-commands.ts');
      return await runCancel(words, context, (address) => openServer(address, context));
    }
    case 'serve': {
      const { runServe } = await import('./serve-command.ts');
      return await runServe(words, context, serve);
    }
    case 'dead': {
      const { runDead } = await import('./dead-command.ts');
      return await runDead(words, context, openDeadLetters);
    }
    case 'user':
      return await runUser(words, context);
    case 'help':
      return await run([...words.slice(0, 1), '--help'], context);
    case '-h':
    case '--help':
      context.stdout.write(generalHelp);
      return exitCodes.fine;
    case '--version':
      context.stdout.write(`${await version()}\n`);
      return exitCodes.fine;
    case undefined:
      context.stderr.write(generalHelp);
      return exitCodes.misused;
    default:
      throw new MisuseError(`There is no command ${command}. See soundlift --help.`);
  }
}

/** The backend of a `convert` without a server: runs in this process and ends with it. */
async function openTemporaryBackend(jobs: number | undefined): Promise<Backend> {
  const [{ parseConfig }, { startTemporaryBackend }, { createLocalBackend }, { openLog }] = await Promise.all([
    import('../../backend/config.ts'),
    import('../../backend/main/temporary-backend.ts'),
    import('../client/local-backend.ts'),
    import('../../backend/main/open-log.ts'),
  ]);
  const config = parseConfig(environment);
  // Somebody who converts a file does not want a log, unless they ask for one.
  const level = environment['LOG_LEVEL'] ? config.logLevel : 'silent';
  const settings = { ...config, ...(jobs === undefined ? {} : { converterConcurrency: jobs }) };
  const backend = await startTemporaryBackend(settings, openLog(level));
  return createLocalBackend(backend.channel, async () => await backend[Symbol.asyncDispose]());
}

/** The server at `address`, or the one of the latest sign-in. */
async function openServer(address: string | undefined, context: CommandContext): Promise<RemoteBackend> {
  const { openServerAccess } = await import('./server-access.ts');
  const { SOUNDLIFT_EMAIL: email, SOUNDLIFT_PASSWORD: password } = environment;
  const given = email && password ? { email, password } : undefined;
  const { backend } = await openServerAccess(address, await keptSignIns(context), given);
  return backend;
}

async function keptSignIns({ stderr }: CommandContext): Promise<KeptSignIns> {
  const [{ configFolder }, { openKeptSignIns }] = await Promise.all([
    import('./config-folder.ts'),
    import('./kept-sign-ins.ts'),
  ]);
  const folder = configFolder(environment, { platform: process.platform, homeFolder: homedir() });
  return openKeptSignIns(folder, (sentence) => void stderr.write(`${harmless(sentence)}\n`));
}

async function signInQuestions({ stderr }: CommandContext): Promise<SignInQuestions> {
  const [{ passwordReader }, { readAnswer }] = await Promise.all([
    import('../../backend/main/read-password.ts'),
    import('./read-answer.ts'),
  ]);
  const { SOUNDLIFT_EMAIL: email, SOUNDLIFT_PASSWORD: given } = environment;
  const readPassword = passwordReader({ given, input: process.stdin, output: stderr });
  return {
    email: async () => email || (await readAnswer('E-mail: ', process.stdin, stderr)),
    password: () => readPassword('Password: '),
  };
}

async function serve(flags: ServeFlags, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const [{ parseConfig }, backend] = await Promise.all([
    import('../../backend/config.ts'),
    import('../../backend/main/serve.ts'),
  ]);
  await backend.serve({ config: parseConfig(environment, flags), version: await version(), say, signal });
}

async function openDeadLetters(): Promise<DeadLetterBox> {
  const [{ parseConfig }, deadLetters, { openLog }] = await Promise.all([
    import('../../backend/config.ts'),
    import('../../backend/main/dead-letters.ts'),
    import('../../backend/main/open-log.ts'),
  ]);
  const config = parseConfig(environment);
  const level = environment['LOG_LEVEL'] ? config.logLevel : 'silent';
  return await deadLetters.openDeadLetters(config, openLog(level));
}

async function runUser(words: readonly string[], { stdout, stderr }: CommandContext): Promise<number> {
  const [{ parseConfig }, { runUserCommand }, { passwordReader }] = await Promise.all([
    import('../../backend/config.ts'),
    import('../../backend/main/admin.ts'),
    import('../../backend/main/read-password.ts'),
  ]);
  const given = environment['SOUNDLIFT_PASSWORD'];
  const readPassword = passwordReader({ given, input: process.stdin, output: stderr });
  return await runUserCommand(words, { config: parseConfig(environment), stdout, stderr, readPassword });
}

async function version(): Promise<string> {
  const { readOwnVersion } = await import('../../backend/main/own-version.ts');
  return await readOwnVersion();
}

/** Runs the command in `words` and returns the exit code. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  // The lines of a server may be lost, for example on a full disk. It goes on.
  const needsOutput = words[0] !== 'serve';
  const signal = watchForStop(process, exitCodes.stopped, { needsOutput });
  const { stdout, stderr } = process;
  try {
    return await run(words, { stdout, stderr, currentFolder, signal });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return exitCodes.stopped;
    if (error instanceof MisuseError) {
      stderr.write(`${harmless(error.message)}\n`);
      return exitCodes.misused;
    }
    if (!isAppError(error) || error.code === 'internal') throw error;
    stderr.write(`${harmless(failureWords(error, words[0]))}\n`);
    // Something hangs. An orderly exit would wait for it.
    if (error.details?.['stopSeconds'] !== undefined) process.kill(process.pid, 'SIGKILL');
    return error.code === 'invalid' ? exitCodes.misused : exitCodes.failed;
  }
}
