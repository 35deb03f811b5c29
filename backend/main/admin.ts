import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { credentialsSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { openAccounts } from '../adapters/embedded/open-accounts.ts';
import { createUser, setPassword } from '../auth/accounts.ts';
import { createPasswordHashing } from '../auth/password-hashing.ts';
import type { Config } from '../config.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserStore } from '../ports/user-store.ts';
import type { ReadPassword } from './read-password.ts';

/** Where the accounts are: in a data folder, or in the MySQL of a cluster if that is named. */
type AccountsPlace = Pick<Config, 'dataFolder' | 'mysqlUrl'>;

export interface UserCommandOptions {
  readonly config: AccountsPlace;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly readPassword: ReadPassword;
}

export const userCommandHelp = `Usage: soundlift user add EMAIL [--admin]     make an account
       soundlift user password EMAIL       set a new password
       soundlift user list                 list the accounts

The password is asked for, or taken from SOUNDLIFT_PASSWORD. The accounts are those of a cluster if MYSQL_URL names its
database, and else those of the embedded backend's data folder (SOUNDLIFT_DATA). A server that uses them may keep
running.
`;

type UserCommand =
  | { readonly name: 'help' }
  | { readonly name: 'list' }
  | { readonly name: 'add'; readonly email: string; readonly admin: boolean }
  | { readonly name: 'password'; readonly email: string };

const done = 0;
const failed = 1;
const misused = 2;
const interrupted = 130;

/** Runs `soundlift user` with the arguments after that word. Returns the exit code. Prints an AppError; throws any other error. */
export async function runUserCommand(args: readonly string[], options: UserCommandOptions): Promise<number> {
  const { stdout, stderr } = options;
  const command = parseUserCommand(args);
  if (command === undefined) {
    stderr.write(userCommandHelp);
    return misused;
  }
  if (command.name === 'help') {
    stdout.write(userCommandHelp);
    return done;
  }
  try {
    await run(command, options);
    return done;
  } catch (error) {
    if (!isAppError(error)) throw error;
    stderr.write(`${error.message}\n`);
    return isAppError(error, 'cancelled') ? interrupted : failed;
  }
}

function parseUserCommand(args: readonly string[]): UserCommand | undefined {
  const flags = {
    admin: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch {
    return undefined;
  }
  const { admin, help } = parsed.values;
  const [name, email, ...more] = parsed.positionals;
  if (help) return { name: 'help' };
  if (more.length > 0 || (admin && name !== 'add')) return undefined;
  if (name === 'list') return email === undefined ? { name } : undefined;
  if (email === undefined) return undefined;
  if (name === 'add') return { name, email, admin };
  return name === 'password' ? { name, email } : undefined;
}

async function run(command: Exclude<UserCommand, { name: 'help' }>, options: UserCommandOptions): Promise<void> {
  const { config, stdout, readPassword } = options;
  await using accounts = await openAccountStores(config);
  const { users, sessions, clock = systemClock } = accounts;
  const hashing = createPasswordHashing();
  if (command.name === 'list') {
    await list(users, stdout);
    return;
  }
  // Checks the address first, so that nobody types a password for nothing.
  const { email } = checked({ email: command.email, password: 'not known yet' });
  const known = await users.findByEmail(email);
  if (command.name === 'add') {
    if (known !== undefined) throw new AppError('taken', `There is already an account for ${email}.`);
    const credentials = checked({ email, password: await readTwice(readPassword) });
    // The administrator vouches for the address.
    const facts = { admin: command.admin, confirmed: true };
    await createUser({ ...credentials, ...facts }, { users, hashing, clock });
    stdout.write(`Added ${email}${command.admin ? ', an admin' : ''}.\n`);
    return;
  }
  if (known === undefined) throw new AppError('not_found', `There is no account for ${email}.`);
  const { password } = checked({ email, password: await readTwice(readPassword) });
  await setPassword(known.id, password, { users, sessions, hashing });
  stdout.write(`${email} has a new password.\n`);
}

interface AccountStores {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  /** The clock of a cluster's database. */
  readonly clock?: Clock;
}

async function openAccountStores({ dataFolder, mysqlUrl }: AccountsPlace): Promise<AccountStores & AsyncDisposable> {
  if (mysqlUrl === undefined) return await openAccounts(dataFolder, 'The data folder (SOUNDLIFT_DATA)');
  // Loaded only when needed: it takes megabytes of memory.
  const { openMysqlAuthStores } = await import('../adapters/cluster/mysql-auth-stores.ts');
  return await openMysqlAuthStores(mysqlUrl);
}

async function list(users: UserStore, stdout: Writable): Promise<void> {
  for await (const { email, admin, createdAt } of users.list()) {
    stdout.write(`${createdAt}  ${admin ? 'admin' : 'user '}  ${email}\n`);
  }
}

function checked(credentials: { readonly email: string; readonly password: string }) {
  const parsed = credentialsSchema.safeParse(credentials);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const subject = issue?.path[0] === 'email' ? 'The e-mail address' : 'The password';
  throw new AppError('invalid', `${subject} cannot be used: ${issue?.message ?? 'it is invalid'}.`, {
    cause: parsed.error,
  });
}

/** Asks twice, because the person cannot see what they type. */
async function readTwice(readPassword: ReadPassword): Promise<string> {
  const password = await readPassword('Password: ');
  if ((await readPassword('Repeat it: ')) !== password) {
    throw new AppError('invalid', 'The two passwords differ. Nothing was changed.');
  }
  return password;
}
