import type { CodeStore } from '../../ports/code-store.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';
import type { SessionStore } from '../../ports/session-store.ts';
import type { SkippedItem } from '../../ports/skipped-item.ts';
import type { UserStore } from '../../ports/user-store.ts';
import type { SentError } from './sent-error.ts';

/** The stores in the database of conversions. */
export interface ConversionsStores {
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  readonly leases: LeaseStore;
}

/** The stores in the database of accounts. */
export interface AccountsStores {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
}

export interface StoresByDatabase {
  readonly conversions: ConversionsStores;
  readonly accounts: AccountsStores;
}
export type DatabaseName = keyof StoresByDatabase;

/** What a call does. A `list` reads, and its items come in portions. */
export type CallKind = 'read' | 'write' | 'list';

type KindOf<Method> = Method extends (...args: never) => AsyncIterable<unknown> ? 'list' : 'read' | 'write';
type CallsOf<Store> = { readonly [Name in keyof Store]: KindOf<Store[Name]> };
type StoresCalls<Stores> = { readonly [Name in keyof Stores]: CallsOf<Stores[Name]> };

/**
 * All methods of the stores in each database. Both ends of the channel to the worker are made from this table: the stores of the
 * caller, and which calls the worker puts into one transaction.
 */
export const storeCalls: { readonly [Name in DatabaseName]: StoresCalls<StoresByDatabase[Name]> } = {
  conversions: {
    conversions: {
      insert: 'write',
      get: 'read',
      getByUploadKey: 'read',
      replace: 'write',
      page: 'read',
      changes: 'read',
      changesAfter: 'read',
      scan: 'list',
      scanExpired: 'list',
      scanIds: 'read',
      countActive: 'read',
      nextQueued: 'read',
      queuePositions: 'read',
      untoldBatches: 'list',
      batchSummary: 'read',
      untoldOfBatch: 'list',
      markTold: 'write',
      forget: 'write',
      forgetUnreadable: 'write',
    },
    notifications: {
      insert: 'write',
      get: 'read',
      countOfBatch: 'read',
      page: 'read',
      changes: 'read',
      changesAfter: 'read',
      markRead: 'write',
      removeBefore: 'write',
      removeAllOf: 'write',
    },
    mailOutbox: { list: 'list', replace: 'write' },
    leases: { read: 'read', raise: 'write' },
  },
  accounts: {
    users: { insert: 'write', get: 'read', findByEmail: 'read', update: 'write', remove: 'write', list: 'list' },
    sessions: {
      insert: 'write',
      get: 'read',
      replace: 'write',
      remove: 'write',
      removeAllOf: 'write',
      removeEnded: 'write',
    },
    codes: {
      put: 'write',
      get: 'read',
      takeTry: 'write',
      use: 'write',
      removeAllOf: 'write',
      removeEnded: 'write',
    },
  },
};

/** Space that a database gets when it cannot write. */
export interface Reserve {
  /** The file that takes up the space. */
  readonly file: string;
  /** Its size when nothing was given up. */
  readonly bytes: number;
}

/** To the worker. Each request has a number of its own, and so has its answer. */
export type StoreRequest = { readonly number: number } & (
  | {
      readonly type: 'open';
      readonly database: DatabaseName;
      readonly path: string;
      readonly reserve: Reserve | undefined;
    }
  /** `database` is the number of the request that opened it. The answer to a list is its first {@link Portion}. */
  | {
      readonly type: 'call';
      readonly database: number;
      readonly store: string;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  /** The next portion of the list that the request `list` began. */
  | { readonly type: 'more'; readonly database: number; readonly list: number }
  /** The reader of a list needs no more. */
  | { readonly type: 'stop'; readonly database: number; readonly list: number }
  | { readonly type: 'close'; readonly database: number }
  /** Reads the whole database at `path`, which this thread need not have opened. The answer is what is wrong with it, or undefined. */
  | { readonly type: 'check'; readonly path: string }
);

/** The next items of a list. */
export interface Portion {
  readonly items: readonly unknown[];
  /** Whether the list ends with them. */
  readonly done: boolean;
}

/** From the worker: the answer to a request, or what the program must hear. */
export type StoreAnswer =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly error: SentError }
  | { readonly skipped: SkippedItem }
  | { readonly damaged: SentError };
