import { isAppError } from '../../shared/errors.ts';
import { askServerInfo, createServerHttp, parseServerAddress } from '../client/server-http.ts';
import { openServerSession, signIn } from '../client/server-session.ts';
import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { MisuseError, parseCommandArguments } from './command-arguments.ts';
import type { KeptSignIns } from './kept-sign-ins.ts';
import { harmless } from './terminal-text.ts';
import { loginHelp, logoutHelp, plainHttpWords, signedInWords, signedOutWords } from './words.ts';

/** Asks a person. Throws `invalid` when there is nobody to ask, `cancelled` when they give up. */
export interface SignInQuestions {
  email(): Promise<string>;
  password(): Promise<string>;
}

const helpShape = { help: { type: 'boolean', short: 'h' } } as const;

/** `soundlift login URL`. Asks for the password only after a Soundlift server has answered. */
export async function runLogin(
  words: readonly string[],
  { stdout, stderr }: CommandContext,
  signIns: KeptSignIns,
  ask: SignInQuestions,
): Promise<ExitCode> {
  const { flags, positionals } = parseCommandArguments('login', words, helpShape);
  if (flags.has('help')) {
    stdout.write(loginHelp);
    return exitCodes.fine;
  }
  const [address, ...more] = positionals;
  if (address === undefined || more.length > 0)
    throw new MisuseError('login needs the address of a server, and nothing else.');
  const http = createServerHttp(address);
  await askServerInfo(http);
  if (parseServerAddress(address).readable) stderr.write(`${plainHttpWords(http.host)}\n`);
  const email = await ask.email();
  const password = await ask.password();
  await signIn(http, { email, password }, signIns.of(http.url));
  await signIns.setLatest(http.url);
  stdout.write(`${harmless(signedInWords(http.host, email.trim()))}\n`);
  return exitCodes.fine;
}

/** `soundlift logout`. Forgets the sign-in here even if the server cannot be reached. */
export async function runLogout(
  words: readonly string[],
  { stdout }: CommandContext,
  signIns: KeptSignIns,
): Promise<ExitCode> {
  const { flags, values, positionals } = parseCommandArguments('logout', words, {
    ...helpShape,
    server: { type: 'string' },
  });
  if (flags.has('help')) {
    stdout.write(logoutHelp);
    return exitCodes.fine;
  }
  if (positionals.length > 0) throw new MisuseError('logout takes only options.');
  const given = values.get('server');
  const url = given === undefined ? await signIns.latest() : parseServerAddress(given).url;
  if (url === undefined || (await signIns.of(url).read()) === undefined) {
    stdout.write(`${signedOutWords(undefined)}\n`);
    return exitCodes.fine;
  }
  const http = createServerHttp(url);
  try {
    await openServerSession(http, signIns.of(url)).signOut();
  } catch (error) {
    // A session that has already ended is fine.
    if (!isAppError(error, 'unauthorized')) throw error;
  } finally {
    await signIns.forgetLatest(url);
  }
  stdout.write(`${signedOutWords(http.host)}\n`);
  return exitCodes.fine;
}
