import { isAppError } from '../../../shared/errors.ts';
import { openSqliteFile, writeTogether } from '../storage/sqlite-file.ts';

/** A stored notice of the app itself. */
export interface OwnNotice {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isUnread: boolean;
  /** The batch that it is about. */
  readonly batchId?: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly lines: readonly string[];
  readonly action?: 'show_in_folder' | 'show_in_list' | 'sign_in';
  /** The absolute path of a file, or the id of a row, for the action. */
  readonly subject?: string;
}

/** The notices of the app itself, kept over restarts. */
export interface NoticeStore extends Disposable {
  /** Newest first. */
  all(): readonly OwnNotice[];
  add(notice: OwnNotice): void;
  markRead(ids: readonly string[]): void;
}

/** If there are more, the oldest are deleted. */
const mostKept = 100;

/** @param file absolute path; created if missing. Throws `disk_full`. */
export function openNoticeStore(file: string): NoticeStore {
  const database = openSqliteFile(file, (opened) =>
    opened.exec(
      'CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, at INTEGER NOT NULL, unread INTEGER NOT NULL, notice TEXT NOT NULL) STRICT',
    ),
  );
  /** Those for which there was no space, newest first. */
  let unstored: readonly OwnNotice[] = [];
  const select = database.prepare('SELECT unread, notice FROM notices ORDER BY at DESC, rowid DESC');
  const insert = database.prepare('INSERT OR REPLACE INTO notices (id, at, unread, notice) VALUES (?, ?, ?, ?)');
  const trim = database.prepare(
    'DELETE FROM notices WHERE id NOT IN (SELECT id FROM notices ORDER BY at DESC, rowid DESC LIMIT ?)',
  );
  const read = database.prepare('UPDATE notices SET unread = 0 WHERE id = ?');
  return {
    all() {
      const stored = select.all().map((row) => {
        const notice: OwnNotice = JSON.parse(String(row['notice']));
        return { ...notice, isUnread: row['unread'] === 1 };
      });
      return [...unstored, ...stored].toSorted((one, other) => other.at - one.at);
    },
    add(notice) {
      try {
        writeTogether(database, () => {
          insert.run(notice.id, notice.at, notice.isUnread ? 1 : 0, JSON.stringify(notice));
          trim.run(mostKept);
        });
      } catch (error) {
        if (!isAppError(error, 'disk_full')) throw error;
        unstored = [notice, ...unstored].slice(0, mostKept);
      }
    },
    markRead(ids) {
      unstored = unstored.map((notice) => (ids.includes(notice.id) ? { ...notice, isUnread: false } : notice));
      writeTogether(database, () => {
        for (const id of ids) read.run(id);
      });
    },
    [Symbol.dispose]: () => database.close(),
  };
}
