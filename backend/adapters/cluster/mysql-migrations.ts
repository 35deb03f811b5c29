import { AppError } from '../../../shared/errors.ts';
import type { MysqlDatabase, MysqlSession } from './mysql-database.ts';
import { isMissingTable } from './mysql-errors.ts';

/**
 * What is compared is VARBINARY, which holds the bytes of UTF-8: so it is equal only if it is exactly equal. MySQL and MariaDB have no
 * text collation in common that does so for spaces at the end. Times are ISO 8601.
 */
const options = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** 254 characters of up to 4 bytes are 1016 bytes. */
const user = `
  CREATE TABLE IF NOT EXISTS user (
    id VARBINARY(255) NOT NULL PRIMARY KEY,
    email VARBINARY(1016) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    admin BOOLEAN NOT NULL,
    confirmed BOOLEAN NOT NULL,
    mail BOOLEAN NOT NULL,
    created_at VARCHAR(32) NOT NULL
  ) ${options}`;

/** `tokens` is JSON: SessionTokens. */
const session = `
  CREATE TABLE IF NOT EXISTS session (
    id VARBINARY(255) NOT NULL PRIMARY KEY,
    user_id VARBINARY(255) NOT NULL,
    revision BIGINT NOT NULL,
    tokens MEDIUMTEXT,
    ends_at VARCHAR(32) NOT NULL,
    INDEX session_by_user (user_id),
    INDEX session_by_end (ends_at)
  ) ${options}`;

const code = `
  CREATE TABLE IF NOT EXISTS code (
    user_id VARBINARY(255) NOT NULL,
    purpose VARBINARY(32) NOT NULL,
    hash VARBINARY(255) NOT NULL,
    sent_at VARCHAR(32) NOT NULL,
    ends_at VARCHAR(32) NOT NULL,
    tries_left INT NOT NULL,
    PRIMARY KEY (user_id, purpose),
    INDEX code_by_end (ends_at)
  ) ${options}`;

/** What the columns mean is in mysql-rate-limit.ts. */
const rateLimit = `
  CREATE TABLE IF NOT EXISTS rate_limit (
    key_hash BINARY(32) NOT NULL PRIMARY KEY,
    refused_for BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    uses MEDIUMBLOB NOT NULL,
    INDEX rate_limit_by_last (last_at),
    INDEX rate_limit_by_end (ends_at)
  ) ${options}`;

/**
 * The statements that lead from each version to the next. A statement that was released must never be edited. A change of tables is no transaction,
 * and may run again after a crash: each statement must do nothing the second time.
 */
const migrations: readonly (readonly string[])[] = [[user, session, code, rateLimit]];

/** For all statements of a start together. Another process may be changing large tables meanwhile. */
const migrationSeconds = 600;
const lockSeconds = 300;

/**
 * Makes or changes the tables of accounts. Several processes may do so at the same time. Throws `unsupported` if a newer program has
 * changed them, and `unavailable` if the server cannot be reached.
 */
export async function migrateAccounts(database: MysqlDatabase): Promise<void> {
  // Without a lock at first: a process that stands still may have it.
  if ((await versionOf(database)) === migrations.length) return;
  await database.inSession(migrationSeconds, async (session) => {
    await withLock(session, async () => {
      for (let version = await versionOf(session); version < migrations.length; version += 1) {
        for (const statement of migrations[version] ?? []) await session.change(statement);
        await session.change(`CREATE TABLE IF NOT EXISTS schema_version (version INT NOT NULL PRIMARY KEY) ${options}`);
        await session.change('INSERT INTO schema_version (version) VALUES (?)', version + 1);
      }
    });
  });
}

async function versionOf({ ask }: MysqlSession): Promise<number> {
  try {
    const [row] = await ask('SELECT MAX(version) AS version FROM schema_version');
    const version = Number(row?.['version'] ?? 0);
    if (version <= migrations.length) return version;
  } catch (error) {
    if (isMissingTable(error)) return 0;
    throw error;
  }
  throw new AppError(
    'unsupported',
    'The database that MYSQL_URL names was changed by a newer version of Soundlift; update Soundlift to use it.',
  );
}

/** Of all processes that use the database, only one runs `work` at a time. Throws `unavailable` if the others take too long. */
async function withLock({ ask }: MysqlSession, work: () => Promise<void>): Promise<void> {
  // Names of locks are common to all databases of a server, and have at most 64 characters.
  const name = "SHA2(CONCAT(DATABASE(), ' migrations of Soundlift'), 256)";
  const [row] = await ask(`SELECT GET_LOCK(${name}, ?) AS got`, lockSeconds);
  if (row?.['got'] !== 1) {
    throw new AppError('unavailable', 'Another process has been changing the database of accounts for too long.');
  }
  try {
    await work();
  } finally {
    await ask(`SELECT RELEASE_LOCK(${name}) AS released`);
  }
}
