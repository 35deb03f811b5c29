import type { Clock } from '../../ports/clock.ts';
import type { CodeStore } from '../../ports/code-store.ts';
import type { RateLimit } from '../../ports/rate-limit.ts';
import type { SessionStore } from '../../ports/session-store.ts';
import type { UserStore } from '../../ports/user-store.ts';
import { parseMysqlAddress } from './mysql-address.ts';
import { createMysqlCodeStore } from './mysql-code-store.ts';
import { connectMysql, type MysqlDatabase } from './mysql-database.ts';
import { migrateAccounts } from './mysql-migrations.ts';
import { createMysqlRateLimit } from './mysql-rate-limit.ts';
import { createMysqlSessionStore } from './mysql-session-store.ts';
import { createMysqlUserStore } from './mysql-user-store.ts';
import { followServerClock } from './server-clock.ts';

/** What auth stores, in one database. Several processes may use it. */
export interface MysqlAuthStores extends AsyncDisposable {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly rateLimit: RateLimit;
  /** That of the server, so that all processes have the same time. */
  readonly clock: Clock;
}

/**
 * Opens the database at `url`, the value of MYSQL_URL, and makes its tables. Throws `invalid` for a wrong URL, `unavailable` if the
 * server cannot be reached or refuses the account, and `unsupported` if a newer program has changed the tables.
 */
export async function openMysqlAuthStores(url: string): Promise<MysqlAuthStores> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(connectMysql(parseMysqlAddress(url)));
  await migrateAccounts(database);
  const clock = opened.use(await followServerClock(() => readTime(database)));
  const kept = opened.move();
  return {
    users: createMysqlUserStore(database),
    sessions: createMysqlSessionStore(database),
    codes: createMysqlCodeStore(database),
    rateLimit: createMysqlRateLimit(database),
    clock,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function readTime({ ask }: MysqlDatabase): Promise<number> {
  const [row] = await ask('SELECT UNIX_TIMESTAMP(NOW(6)) AS seconds');
  return Number(row?.['seconds']) * 1000;
}
