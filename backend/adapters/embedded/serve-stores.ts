import type { MessagePort } from 'node:worker_threads';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { type CommitGroups, groupCommits, type MakeRoom } from './commit-groups.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { giveUpPart } from './reserve-file.ts';
import { toSentError } from './sent-error.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import { createSqliteConversionStore } from './sqlite-conversion-store.ts';
import { type DatabaseEvents, findDamage, type SqliteDatabase } from './sqlite-database.ts';
import { createSqliteLeaseStore } from './sqlite-lease-store.ts';
import { createSqliteMailOutboxStore } from './sqlite-mail-outbox-store.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';
import {
  type CallKind,
  type DatabaseName,
  type Portion,
  type Reserve,
  type StoreAnswer,
  type StoreRequest,
  type StoresByDatabase,
  storeCalls,
} from './store-calls.ts';

/** The most items of a list in one answer. */
const portionItems = 100;
/** While a call waits for another process, no other call runs, also not to the other database. `groupCommits` tries writes again. */
const busyTimeoutMilliseconds = 0;

const databases: {
  readonly [Name in DatabaseName]: {
    open(path: string, events: DatabaseEvents): SqliteDatabase;
    makeStores(database: SqliteDatabase): StoresByDatabase[Name];
  };
} = {
  conversions: {
    open: openConversionsDatabase,
    makeStores: (database) => ({
      conversions: createSqliteConversionStore(database),
      notifications: createSqliteNotificationStore(database),
      mailOutbox: createSqliteMailOutboxStore(database),
      leases: createSqliteLeaseStore(database),
    }),
  },
  accounts: {
    open: openAccountsDatabase,
    makeStores: (database) => ({
      users: createSqliteUserStore(database),
      sessions: createSqliteSessionStore(database),
      codes: createSqliteCodeStore(database),
    }),
  },
};

type Method = (...args: readonly unknown[]) => unknown;

/** An open database. */
interface Opened {
  readonly database: SqliteDatabase;
  readonly groups: CommitGroups;
  /** The lists that are being read, by the number of the request that began each. */
  readonly lists: Map<number, AsyncIterator<unknown>>;
  find(store: string, method: string): { readonly kind: CallKind; readonly call: Method };
}

/** Opens databases and carries out calls to their stores, for the program at the other end of `port`. */
export function serveStores(port: MessagePort): void {
  const opened = new Map<number, Opened>();
  let answers: StoreAnswer[] = [];

  /** All answers of a group of calls are one message. */
  function send(answer: StoreAnswer): void {
    answers.push(answer);
    if (answers.length > 1) return;
    queueMicrotask(() => {
      port.postMessage(answers);
      answers = [];
    });
  }

  const events: DatabaseEvents = {
    onSkipped: (skipped) => send({ skipped }),
    onDamaged: (error) => send({ damaged: toSentError(error) }),
  };

  port.on('message', (requests: readonly StoreRequest[]) => {
    for (const request of requests) {
      const { number } = request;
      handle(opened, request, events).then(
        (value) => send({ number, value }),
        (error: unknown) => send({ number, error: toSentError(error) }),
      );
    }
  });
}

async function handle(opened: Map<number, Opened>, request: StoreRequest, events: DatabaseEvents): Promise<unknown> {
  if (request.type === 'check') return findDamage(request.path);
  if (request.type === 'open') {
    opened.set(request.number, openDatabase(request, events));
    return undefined;
  }
  const target = opened.get(request.database);
  if (target === undefined && request.type === 'close') return undefined;
  if (target === undefined) throw new AppError('unavailable', 'The database was closed.');
  const { database, groups, lists } = target;
  switch (request.type) {
    case 'call': {
      const { kind, call } = target.find(request.store, request.method);
      if (kind !== 'list') return await groups.add(kind, async () => await call(...request.args));
      const list = call(...request.args) as AsyncIterable<unknown>;
      lists.set(request.number, list[Symbol.asyncIterator]());
      return await groups.add('list', () => nextPortion(lists, request.number));
    }
    case 'more':
      return await groups.add('list', () => nextPortion(lists, request.list));
    case 'stop':
      lists.delete(request.list);
      return undefined;
    case 'close':
      opened.delete(request.database);
      await groups.idle();
      database[Symbol.dispose]();
      return undefined;
  }
}

function openDatabase(
  { database: name, path, reserve }: Extract<StoreRequest, { type: 'open' }>,
  events: DatabaseEvents,
): Opened {
  const { open, makeStores } = databases[name];
  const database = open(path, events);
  database.prepare(`PRAGMA busy_timeout = ${busyTimeoutMilliseconds}`).get();
  const stores: object = makeStores(database);
  const kinds = new Map(Object.entries<Readonly<Record<string, CallKind>>>({ ...storeCalls[name] }));
  return {
    database,
    groups: groupCommits(database, roomMaker(database, reserve)),
    lists: new Map(),
    find(store, method) {
      const kind = kinds.get(store)?.[method];
      if (kind === undefined) throw new Error(`there is no ${store}.${method}`);
      return { kind, call: Reflect.get(Reflect.get(stores, store) as object, method) as Method };
    },
  };
}

/**
 * At first, SQLite writes over its log again, which needs no more space if the database does not grow. If that is not enough, parts
 * of the reserve are given up.
 */
function roomMaker(database: SqliteDatabase, reserve: Reserve | undefined): MakeRoom {
  return (times) => {
    if (times > 0 && (reserve === undefined || !giveUpPart(reserve.file, reserve.bytes))) return false;
    try {
      database.prepare('PRAGMA wal_checkpoint(RESTART)').get();
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
    return true;
  };
}

async function nextPortion(lists: Map<number, AsyncIterator<unknown>>, number: number): Promise<Portion> {
  const items: unknown[] = [];
  const list = lists.get(number);
  while (list !== undefined && items.length < portionItems) {
    const next = await list.next();
    if (next.done === true) break;
    items.push(next.value);
  }
  const done = items.length < portionItems;
  if (done) lists.delete(number);
  return { items, done };
}
