import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteConversionStore } from './sqlite-conversion-store.ts';
import { createSqliteLeaseStore } from './sqlite-lease-store.ts';
import { createSqliteMailOutboxStore } from './sqlite-mail-outbox-store.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';

const version1 = new URL('conversions-version-1.sql', import.meta.url);
const version2 = new URL('conversions-version-2.sql', import.meta.url);
const version4Outbox = new URL('conversions-version-4-outbox.sql', import.meta.url);
const version4 = new URL('conversions-version-4.sql', import.meta.url);
const version6 = new URL('conversions-version-6.sql', import.meta.url);
const version7 = new URL('conversions-version-7.sql', import.meta.url);

describe('a database of conversions from version 1', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    file = path.join(folder, 'conversions.db');
    using database = new DatabaseSync(file);
    database.exec(await readFile(version1, 'utf8'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps its rows', async () => {
    using database = openConversionsDatabase(file);
    const store = createSqliteConversionStore(database);
    const queued = await store.get('019df5a1-2f10-7000-8000-000000000001');
    expect(queued).toEqual({
      id: '019df5a1-2f10-7000-8000-000000000001',
      owner: 'local',
      state: 'queued',
      attempt: 1,
      revision: 1,
      fileName: 'talk.mp4',
      source: { kind: 'file', path: '/home/anna/talk.mp4' },
      sourceBytes: 1000,
      options: { format: 'mp3' },
      progress: 0,
      lostLeases: 0,
      warnings: [],
      createdAt: '2026-05-04T03:02:01.000Z',
      updatedAt: '2026-05-04T03:02:01.000Z',
    });
    const done = await store.get('019df5a1-2f10-7000-8000-000000000002');
    expect(done).toMatchObject({ fileName: 'Übung.mkv', result: { fileName: 'Übung.mp3', peaks: [0, 7, 255] } });
    expect(await store.batchSummary('anna', 'batch')).toEqual({
      active: 0,
      ended: 1,
      untold: 1,
      lastEndedAt: '2026-05-04T03:05:00.000Z',
      batchSize: 3,
    });
    if (done !== undefined) expect(await store.replace(done, { ...done, revision: 10 })).toBe(true);
  });

  it('stores notifications', async () => {
    using database = openConversionsDatabase(file);
    expect(await createSqliteNotificationStore(database).countOfBatch('anna', 'batch')).toBe(0);
  });

  it('reports later changes', async () => {
    using database = openConversionsDatabase(file);
    const store = createSqliteConversionStore(database);
    const { position: since } = await store.changes({ owner: 'anna', limit: 10 });
    const done = await store.get('019df5a1-2f10-7000-8000-000000000002');
    if (done !== undefined) await store.replace(done, { ...done, revision: done.revision + 1 });
    const { items, complete } = await store.changes({ owner: 'anna', since, limit: 10 });
    expect([items.map(({ id }) => id), complete]).toEqual([['019df5a1-2f10-7000-8000-000000000002'], true]);
  });

  it('becomes the same as a new one', () => {
    const schemaOf = (path: string): unknown => {
      using database = openConversionsDatabase(path);
      const version = database.prepare('PRAGMA user_version').get();
      return [version, ...database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name').all()];
    };
    expect(schemaOf(file)).toEqual(schemaOf(path.join(folder, 'new.db')));
  });
});

describe('a database of conversions from version 2', () => {
  it('keeps its notifications, and owes no mail for them', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    try {
      const file = path.join(folder, 'conversions.db');
      {
        using old = new DatabaseSync(file);
        old.exec(await readFile(version2, 'utf8'));
      }
      using database = openConversionsDatabase(file);
      const record = await createSqliteNotificationStore(database).get('told-1');
      expect(record).toMatchObject({
        owner: 'anna',
        notification: { message: 'Übung.mp3 is ready.', readAt: '2026-05-04T04:00:00.000Z' },
        told: [{ conversionId: '019df5a1-2f10-7000-8000-000000000002', attempt: 2 }],
      });
      expect(record).not.toHaveProperty('outboxMail');
      expect(record?.notification).not.toHaveProperty('mail');
      expect((await createSqliteMailOutboxStore(database).list()[Symbol.asyncIterator]().next()).done).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a database of conversions from version 4', () => {
  it('keeps its owed mails, which can be claimed and ended', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    try {
      const file = path.join(folder, 'conversions.db');
      {
        using old = new DatabaseSync(file);
        old.exec(await readFile(version4Outbox, 'utf8'));
      }
      using database = openConversionsDatabase(file);
      const mails = createSqliteMailOutboxStore(database);
      const owed = [];
      for await (const { notification, outboxMail } of mails.list()) owed.push([notification.id, outboxMail]);
      expect(owed).toEqual([
        ['waiting', { revision: 0, tries: 0, due: '2026-05-04T03:05:01.000Z', claimed: false }],
        ['claimed', { revision: 0, tries: 2, due: '2026-05-04T03:08:01.000Z', claimed: true }],
      ]);
      expect(await mails.replace('claimed', 0, 'sent')).toBe(true);
      expect(await createSqliteLeaseStore(database).raise('tidy', 0, true)).toBe(true);
      const [queued] = await createSqliteConversionStore(database).scanIds(['019df5a1-2f10-7000-8000-000000000001']);
      expect(queued).toMatchObject({ state: 'queued', attempt: 2, notBefore: '2026-05-04T03:06:00.000Z' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('keeps each owner’s waiting rows in their order, behind the rows that were being converted', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    try {
      const file = path.join(folder, 'conversions.db');
      {
        using old = new DatabaseSync(file);
        old.exec(await readFile(version4, 'utf8'));
      }
      using database = openConversionsDatabase(file);
      const store = createSqliteConversionStore(database);
      const rows = await Promise.all(['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map((id) => store.get(id)));
      expect(rows.map((row) => [row?.owner, row?.id, row?.turn])).toEqual([
        ['anna', 'c1', 1],
        ['anna', 'c2', undefined],
        ['bert', 'c3', undefined],
        ['anna', 'c4', undefined],
        ['bert', 'c5', undefined],
        ['cleo', 'c6', undefined],
      ]);
      expect((await store.nextQueued('2026-05-04T03:30:00.000Z'))?.row.id).toBe('c5');
      expect((await store.nextQueued('2026-05-04T04:00:00.000Z'))?.row.id).toBe('c3');
      const order = ['c3', 'c2', 'c5', 'c4'].map((id, index) => [id, index] as const);
      expect(await store.queuePositions(['c2', 'c3', 'c4', 'c5'])).toEqual(new Map(order));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a database of conversions from version 6', () => {
  it('has its expired rows, its waiting ends and the first 100 names of a large batch', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    try {
      const file = path.join(folder, 'conversions.db');
      {
        using old = new DatabaseSync(file);
        old.exec(await readFile(version6, 'utf8'));
      }
      using database = openConversionsDatabase(file);
      const store = createSqliteConversionStore(database);
      const until = '2026-05-03T00:00:00.000Z';
      const early = '2026-05-02T00:00:00.000Z';
      const expired: string[] = [];
      for await (const { id } of store.scanExpired({ removed: until, ended: early, sources: early })) expired.push(id);
      expect(expired).toEqual(['c4', 'c1', 'c3', 'c3']);
      expect(await store.queuePositions(['c5', 'c6'])).toEqual(
        new Map([
          ['c6', 0],
          ['c5', 1],
        ]),
      );

      await store.markTold('n2', [
        { conversionId: 'c2', attempt: 1 },
        { conversionId: 'c3', attempt: 1 },
      ]);
      expect((await store.get('c3'))?.notificationId).toBe('n2');
      expect(await store.batchSummary('anna', 'b')).toMatchObject({ ended: 2, untold: 0 });

      const notifications = createSqliteNotificationStore(database);
      const { items } = await notifications.page({ owner: 'anna', limit: 10 });
      expect(items).toMatchObject([{ id: 'n1', counts: { done: 130 } }]);
      expect(items[0]?.conversionIds).toEqual(Array.from({ length: 100 }, (_, index) => `t${index}`));
      expect((await notifications.get('n1'))?.told).toHaveLength(130);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a database of conversions from version 7', () => {
  it('lets each owner have a turn, also those who had cancelled the rows that would have gone first', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    try {
      const file = path.join(folder, 'conversions.db');
      {
        using old = new DatabaseSync(file);
        old.exec(await readFile(version7, 'utf8'));
      }
      using database = openConversionsDatabase(file);
      const store = createSqliteConversionStore(database);
      expect(await store.get('c01')).toMatchObject({ owner: 'cleo', state: 'converting', turn: 1 });
      await store.insert(exampleConversion({ id: 'c11', owner: 'bert' }));
      const order: string[] = [];
      const positions = await store.queuePositions(['c02', 'c07', 'c08', 'c09', 'c10', 'c11']);
      for (;;) {
        const next = await store.nextQueued('2026-05-04T04:00:00.000Z');
        if (next === undefined) break;
        const { row, turn } = next;
        await store.replace(row, { ...row, state: 'converting', turn, revision: row.revision + 1 });
        order.push(`${row.owner} ${row.id}`);
        expect(positions.get(row.id)).toBe(order.length - 1);
      }
      expect(order).toEqual(['anna c02', 'bert c08', 'cleo c10', 'anna c07', 'bert c09', 'bert c11']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
