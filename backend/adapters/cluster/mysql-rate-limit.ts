import { hash, randomBytes } from 'node:crypto';
import type { RateLimit } from '../../ports/rate-limit.ts';
import { deleteInPortions, type MysqlDatabase, textOf } from './mysql-database.ts';

/*
 * A key is one row, so that one statement decides and counts: a process that stands still holds no lock. All times are microseconds
 * since 1970 by the database's clock.
 *
 * - `uses`: the counted uses, newest first, as one text: for each its time in 16 digits, an `x`, and its name in 16 hexadecimal digits.
 * - `last_at`: the time of the newest use that was counted.
 * - `ends_at`: when the last of them leaves the window. The row is removed after that.
 * - `refused_for`: how long the last call has to wait, or 0 if its use was counted.
 */
const timeDigits = 16;
const nameDigits = 16;
const useBytes = timeDigits + 1 + nameDigits;
const namePattern = /^[0-9a-f]{16}$/;

const now = 'CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)';

/** A use that is later than this was counted before the clock was put back, and no longer counts. Less is a call that waited for another. */
const maxAheadMicroseconds = 60_000_000;

/** About 100 MB if every key has ten uses. */
const defaultMaxKeys = 100_000;
/** A process removes old keys at its first call and then each time after so many. */
const callsBetweenRemovals = 100;

/**
 * The values are: the hash of the key, the window, the name of the use; the fewest bytes of `uses` that can be too many, the place of the use that must
 * have left the window, the window, the same place, the window; the window; the name, and how many bytes of `uses` to keep.
 *
 * The server assigns from left to right, and later columns see what earlier ones have become
 * (https://dev.mysql.com/doc/refman/8.4/en/update.html).
 */
const allowStatement = `
  INSERT INTO rate_limit (key_hash, refused_for, last_at, ends_at, uses)
  VALUES (UNHEX(?), 0, ${now}, ${now} + ?, CONCAT(LPAD(${now}, ${timeDigits}, '0'), 'x', ?))
  ON DUPLICATE KEY UPDATE
    refused_for = LAST_INSERT_ID(CASE
      WHEN LENGTH(uses) < ? THEN 0
      WHEN CAST(SUBSTRING(uses, ?, ${timeDigits}) AS SIGNED) NOT BETWEEN ${now} - ? + 1 AND ${now} + ${maxAheadMicroseconds} THEN 0
      ELSE CAST(SUBSTRING(uses, ?, ${timeDigits}) AS SIGNED) + ? - ${now}
    END),
    last_at = CASE
      WHEN refused_for > 0 THEN last_at
      WHEN last_at BETWEEN ${now} AND ${now} + ${maxAheadMicroseconds} THEN last_at
      ELSE ${now}
    END,
    ends_at = IF(refused_for > 0, ends_at, last_at + ?),
    uses = IF(refused_for > 0, uses, CONCAT(LPAD(last_at, ${timeDigits}, '0'), 'x', ?, LEFT(uses, ?)))`;

/** Counts for all processes that use the database. Keeps about `maxKeys` keys, the most recently used ones. */
export function createMysqlRateLimit({ ask, change }: MysqlDatabase, maxKeys = defaultMaxKeys): RateLimit {
  let calls = 0;

  async function removeOld(): Promise<void> {
    await deleteInPortions(change, `rate_limit WHERE ends_at <= ${now} ORDER BY ends_at`);
    const [row] = await ask(`SELECT last_at FROM rate_limit ORDER BY last_at DESC LIMIT 1 OFFSET ${maxKeys}`);
    if (row === undefined) return;
    await deleteInPortions(change, 'rate_limit WHERE last_at <= ? ORDER BY last_at', Number(row['last_at']));
  }

  return {
    async allow(key, { count, seconds }) {
      const isTimeToRemove = calls % callsBetweenRemovals === 0;
      calls += 1;
      if (isTimeToRemove) await removeOld();
      const name = randomBytes(nameDigits / 2).toString('hex');
      const window = Math.round(seconds * 1e6);
      const before = (count - 1) * useBytes;
      const values = [before + useBytes, before + 1, window, before + 1, window, window, name, before];
      const { told } = await change(allowStatement, hashOf(key), window, name, ...values);
      if (told === 0) return { allowed: true, use: name };
      return { allowed: false, retryAfterSeconds: Math.min(Math.ceil(told / 1e6), Math.max(1, Math.ceil(seconds))) };
    },

    async count(key, seconds) {
      const [row] = await ask(`SELECT uses, ${now} AS now FROM rate_limit WHERE key_hash = UNHEX(?)`, hashOf(key));
      if (row === undefined) return 0;
      const since = Number(row['now']) - seconds * 1e6;
      const until = Number(row['now']) + maxAheadMicroseconds;
      const times = [...textOf(row, 'uses').matchAll(/([0-9]{16})x/g)].map(([, time]) => Number(time));
      return times.filter((time) => time > since && time <= until).length;
    },

    async giveBack(key, use) {
      if (!namePattern.test(use)) return;
      const marked = `x${use}`;
      await change(
        `UPDATE rate_limit
        SET uses = INSERT(uses, LOCATE(?, uses) - ${timeDigits}, ${useBytes}, ''), ends_at = IF(LENGTH(uses) = 0, 0, ends_at)
        WHERE key_hash = UNHEX(?) AND LOCATE(?, uses) > 0`,
        marked,
        hashOf(key),
        marked,
      );
    },

    async forget(key) {
      await change('DELETE FROM rate_limit WHERE key_hash = UNHEX(?)', hashOf(key));
    },
  };
}

/** In hexadecimal digits. Makes keys of any length equally long. */
function hashOf(key: string): string {
  return hash('sha256', key, 'hex');
}
