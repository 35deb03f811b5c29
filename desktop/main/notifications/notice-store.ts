import { DatabaseSync } from 'node:sqlite';

/** A notice of the app's own, as it is kept. */
export interface OwnNotice {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isUnread: boolean;
  /** The batch that it tells of. */
  readonly batchId?: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly lines: readonly string[];
  readonly action?: 'show_in_folder' | 'show_in_list' | 'sign_in';
  /** What the action is about: a file, absolute, or the id of a row. */
  readonly subject?: string;
}

/** The app's own notices, kept over restarts. */
export interface NoticeStore extends Disposable {
  /** Newest first. */
  all(): readonly OwnNotice[];
  add(notice: OwnNotice): void;
  markRead(ids: readonly string[]): void;
}

/** More are forgotten, the oldest first. */
const mostKept = 100;

/** @param file absolute path; made where it is missing */
export function openNoticeStore(file: string): NoticeStore {
  const database = new DatabaseSync(file);
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000;
     CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, at INTEGER NOT NULL, unread INTEGER NOT NULL, notice TEXT NOT NULL) STRICT`,
  );
  const select = database.prepare('SELECT unread, notice FROM notices ORDER BY at DESC, rowid DESC');
  const insert = database.prepare('INSERT OR REPLACE INTO notices (id, at, unread, notice) VALUES (?, ?, ?, ?)');
  const trim = database.prepare(
    'DELETE FROM notices WHERE id NOT IN (SELECT id FROM notices ORDER BY at DESC, rowid DESC LIMIT ?)',
  );
  const read = database.prepare('UPDATE notices SET unread = 0 WHERE id = ?');
  return {
    all: () =>
      select.all().map((row) => {
        const notice: OwnNotice = JSON.parse(String(row['notice']));
        return { ...notice, isUnread: row['unread'] === 1 };
      }),
    add(notice) {
      insert.run(notice.id, notice.at, notice.isUnread ? 1 : 0, JSON.stringify(notice));
      trim.run(mostKept);
    },
    markRead(ids) {
      for (const id of ids) read.run(id);
    },
    [Symbol.dispose]: () => database.close(),
  };
}
