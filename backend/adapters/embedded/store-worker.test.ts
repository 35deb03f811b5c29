import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { exampleUser } from '../../ports/user-examples.ts';
import { threads, withFreezableThreads } from '../../tests/stores/freezable-threads.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { StoresByDatabase } from './store-calls.ts';
import { type StoreWorker, startStoreWorker } from './store-worker.ts';

vi.mock('node:worker_threads', async (importActual) => withFreezableThreads(await importActual()));

const anna = exampleUser('anna', { id: 'anna', confirmed: true });

let folder: string;
let worker: StoreWorker;
let conversions: StoresByDatabase['conversions'];
let accounts: StoresByDatabase['accounts'];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-worker-'));
  worker = startStoreWorker();
  conversions = await worker.open('conversions', path.join(folder, 'conversions.db'));
  accounts = await worker.open('accounts', path.join(folder, 'accounts.db'));
  threads.requests.length = 0;
});
afterEach(async () => {
  await worker[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Another process that is in the middle of a write to the accounts. */
function writeElsewhere(): SqliteDatabase {
  const other = openAccountsDatabase(path.join(folder, 'accounts.db'));
  other.prepare('BEGIN IMMEDIATE').run();
  return other;
}

describe('a frozen thread', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    threads.frozen = false;
    vi.useRealTimers();
  });

  it('counts as dead after a minute, and calls fail', async () => {
    await using other = startStoreWorker();
    const stores = await other.open('conversions', path.join(folder, 'other.db'));
    threads.frozen = true;
    const call = stores.conversions.get('one');
    call.catch(() => undefined);
    vi.advanceTimersByTime(59_000);
    expect(other.died.aborted).toBe(false);
    vi.advanceTimersByTime(20_000);
    expect(other.died.aborted).toBe(true);
    await expect(call).rejects.toMatchObject({ code: 'unavailable' });
    await expect(stores.conversions.get('one')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is not assumed while it answers, has nothing to do, or opens a database', async () => {
    await using other = startStoreWorker();
    const stores = await other.open('conversions', path.join(folder, 'other.db'));
    for (let minute = 0; minute < 10; minute += 1) {
      await stores.conversions.get('one');
      vi.advanceTimersByTime(50_000);
    }
    threads.frozen = true;
    other.open('accounts', path.join(folder, 'accounts.db')).catch(() => undefined);
    await setImmediate();
    vi.advanceTimersByTime(600_000);
    expect(other.died.aborted).toBe(false);
    await threads.started.at(-1)?.terminate();
  });
});

describe('while another process writes to the accounts', () => {
  it('this one waits with its own write, and does everything else', async () => {
    await accounts.users.insert(anna);
    using other = writeElsewhere();
    let isWritten = false;
    const writing = accounts.users.update('anna', { mail: false }).then((written) => {
      isWritten = true;
      return written;
    });
    for (let round = 0; round < 5; round += 1) {
      await conversions.conversions.insert(exampleConversion());
      expect(await accounts.users.get('anna')).toEqual(anna);
    }
    const emails: string[] = [];
    for await (const { email } of accounts.users.list()) emails.push(email);
    expect(emails).toEqual(['anna@example.org']);
    expect(isWritten).toBe(false);

    other.prepare('ROLLBACK').run();
    expect(await writing).toBe(true);
    expect(await accounts.users.get('anna')).toEqual({ ...anna, mail: false });
  });
});

it('the event loop is free while the thread cannot go on', async () => {
  const file = path.join(folder, 'new.db');
  using other = new DatabaseSync(file);
  other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
  const opening = worker.open('conversions', file);
  await delay(200);
  // If this thread had to wait, it could never come here.
  other.exec('ROLLBACK');
  await using stores = await opening;
  expect(await stores.conversions.get('any')).toBeUndefined();
});

describe('an error', () => {
  it('arrives with its code, its sentence and its cause', async () => {
    await accounts.users.insert(anna);
    await expect(accounts.users.insert(anna)).rejects.toMatchObject({
      name: 'AppError',
      code: 'taken',
      message: 'This key already exists.',
      cause: expect.objectContaining({ message: expect.stringContaining('UNIQUE constraint failed') }),
    });
    const page = conversions.conversions.page({ owner: 'anna', limit: 1, cursor: 'never' });
    await expect(page).rejects.toMatchObject({ code: 'bad_request' });
  });
});

describe('a list', () => {
  beforeEach(async () => {
    await Promise.all(Array.from({ length: 250 }, () => conversions.conversions.insert(exampleConversion())));
    threads.requests.length = 0;
  });

  it('comes in portions, and lets the event loop turn between them', async () => {
    let turns = 0;
    let isReading = true;
    const others = (async () => {
      for (; isReading; turns += 1) await setImmediate();
    })();
    const ids: string[] = [];
    for await (const { id } of conversions.conversions.scan('queued')) ids.push(id);
    isReading = false;
    await others;
    expect(ids).toHaveLength(250);
    expect(threads.requests.map(({ type }) => type)).toEqual(['call', 'more', 'more']);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it('is read no further than its reader needs', async () => {
    for await (const _ of conversions.conversions.scan('queued')) break;
    await conversions.conversions.countActive();
    expect(threads.requests.map(({ type }) => type)).toEqual(['call', 'stop', 'call']);
  });
});

describe('closing', () => {
  it('waits for the calls in progress', async () => {
    const row = exampleConversion();
    const inserting = conversions.conversions.insert(row);
    await worker[Symbol.asyncDispose]();
    await inserting;
    worker = startStoreWorker();
    conversions = await worker.open('conversions', path.join(folder, 'conversions.db'));
    expect(await conversions.conversions.get(row.id)).toEqual(row);
    expect(worker.died.aborted).toBe(false);
  });

  it('makes all later calls throw unavailable', async () => {
    await worker[Symbol.asyncDispose]();
    await expect(conversions.conversions.get('any')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a thread that dies', () => {
  it('makes the calls in progress and all later ones throw unavailable, and tells the program', async () => {
    using _other = writeElsewhere();
    const waiting = accounts.users.insert(anna);
    // The calls of this turn have been sent, and this one cannot end.
    await conversions.conversions.countActive();
    await threads.started.at(-1)?.terminate();
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    await expect(conversions.conversions.get('any')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(conversions.conversions.scan('queued')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(worker.died.aborted).toBe(true);
    expect(worker.died.reason).toMatchObject({ code: 'unavailable' });
  });
});
