import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { openAccountsDatabase } from '../adapters/embedded/accounts-database.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { createSqliteCodeStore } from '../adapters/embedded/sqlite-code-store.ts';
import { createSqliteSessionStore } from '../adapters/embedded/sqlite-session-store.ts';
import { createSqliteUserStore } from '../adapters/embedded/sqlite-user-store.ts';
import { type Auth, type AuthParts, createAuth } from '../auth/auth.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodeStore } from '../ports/code-store.ts';
import type { MailMessage } from '../ports/mailer.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserStore } from '../ports/user-store.ts';
import { collectMails } from './collecting-mailer.ts';

/** The auth service over a real database, with a clock that only the test moves and a mailer that collects its messages. */
export interface TestAuth extends AsyncDisposable {
  readonly auth: Auth;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  /** Absolute path of the database. */
  readonly file: string;
  readonly mails: readonly MailMessage[];
  readonly clock: Clock;
  /** Moves the clock forward. */
  advance(seconds: number): void;
  /** Moves the wall clock alone, forward or back. */
  jump(seconds: number): void;
  /** Another service over the same database, like a second process, or like a restart with other settings. */
  another(changes?: AuthChanges): Auth;
}

/** Replacements for the usual parts. */
type AuthChanges = Partial<AuthParts> & { readonly mailless?: true };

export const testSecret = 'the secret that the tests sign with';

export async function makeTestAuth(changes: Partial<AuthParts> = {}): Promise<TestAuth> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-auth-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'accounts.db');
  const database = opened.use(openAccountsDatabase(file));
  const users = createSqliteUserStore(database);
  const sessions = createSqliteSessionStore(database);
  const codes = createSqliteCodeStore(database);
  let time = Date.parse('2026-01-01T12:00:00Z');
  let jumped = 0;
  const clock: Clock = { now: () => new Date(time + jumped * 1000), monotonicSeconds: () => time / 1000 };
  const { mails, mailer } = collectMails();
  const parts: AuthParts = {
    users,
    sessions,
    codes,
    rateLimit: createMemoryRateLimit(clock),
    secrets: [testSecret],
    loginTokenSeconds: 86_400,
    signUp: 'open',
    mail: { mailer, host: 'sound.example.org' },
    clock,
    log: pino({ level: 'silent' }),
    ...changes,
  };
  const kept = opened.move();
  return {
    auth: createAuth(parts),
    users,
    sessions,
    codes,
    file,
    mails,
    clock,
    advance(seconds) {
      time += seconds * 1000;
    },
    jump(seconds) {
      jumped += seconds;
    },
    another({ mailless, ...others } = {}) {
      const { mail: _, ...without } = parts;
      return createAuth({ ...(mailless ? without : parts), ...others });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The AppError with which `promise` rejects. Throws if it resolves, or rejects with another error. */
export async function refusalOf(promise: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await promise.then(
    () => new Error('was not refused'),
    (error: unknown) => error,
  );
  if (isAppError(outcome)) return outcome;
  throw outcome;
}

/** The code in a mail. */
export function codeIn(mail: MailMessage | undefined): string {
  const code = /\d{4} ?\d{4}/.exec(mail?.text ?? '')?.[0];
  if (code === undefined) throw new Error('there is no code in that mail');
  return code;
}
