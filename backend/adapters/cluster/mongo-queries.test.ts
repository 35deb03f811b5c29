import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded, exampleTime } from '../../ports/conversion-examples.ts';
import { everyCall, exampleRecord } from '../../tests/stores/every-call.ts';
import { planOf, rememberCommands } from '../../tests/stores/mongo-plans.ts';
import { useMongo } from '../../tests/stores/use-mongo.ts';
import { conversionsTable } from './mongo-conversion-documents.ts';
import { notificationsTable } from './mongo-notification-documents.ts';
import type { MongoStores } from './mongo-stores.ts';

const mongo = useMongo();

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('texts that look like parts of a query', () => {
  const texts = ['$row.owner', '{"$ne":null}', 'a.b', '__proto__', 'a\0b', '…\u{1F600}'];

  it('are only texts, wherever they are given', async () => {
    const stores = await mongo.open();
    const [bystander, other] = [exampleConversion({ batchId: 'batch', uploadKey: 'key' }), exampleEnded('failed')];
    const record = exampleRecord({ id: 'notification', owner: 'anna', batchId: 'batch' });
    for (const row of [bystander, other]) await stores.conversions.insert(row);
    await stores.notifications.insert(record);
    for (const text of texts) {
      for (const [name, call] of everyCall(stores, text)) {
        const result: unknown = await call();
        const seen = JSON.stringify(result instanceof Map ? [...result] : (result ?? null));
        const isOfAll = /^(scan|untoldBatches|list|countActive|nextQueued)/.test(name);
        if (!isOfAll) expect([text, name, seen]).toEqual([text, name, expect.not.stringContaining(bystander.id)]);
      }
      for (const row of [bystander, other]) expect(await stores.conversions.get(row.id)).toEqual(row);
      expect(await stores.notifications.get('notification')).toEqual(record);
    }
  });

  it('are never operators, even if they come as objects', async () => {
    const stores = await mongo.open();
    const row = exampleConversion({ batchId: 'batch', uploadKey: 'key' });
    await stores.conversions.insert(row);
    const record = exampleRecord({ id: 'notification', owner: 'anna', batchId: 'batch' });
    await stores.notifications.insert(record);
    for (const operator of [{ $ne: null }, { $gt: '' }, { $exists: true }, { $regex: '' }]) {
      const text = operator as unknown as string;
      for (const [, call] of everyCall(stores, text)) await call().catch(() => undefined);
      expect(await stores.conversions.get(row.id)).toEqual(row);
      expect(await stores.notifications.get('notification')).toEqual(record);
      expect(await stores.conversions.get(text).catch(() => undefined)).toBeUndefined();
      expect((await stores.conversions.page({ owner: text, limit: 10 })).items).toEqual([]);
      expect((await stores.notifications.page({ owner: text, limit: 10 })).items).toEqual([]);
    }
  });
});

describe('every query of the stores in MongoDB', () => {
  const owners = ['anna', 'bert', 'cleo', 'dora', 'emil'];
  const ownRows = 6;

  /** Rows of each owner in each state, and notifications; of which a query for one owner finds a fraction. */
  async function fill({ conversions, notifications }: MongoStores): Promise<void> {
    const batch = { batchId: 'batch' };
    for (const owner of owners) {
      await conversions.insert(exampleConversion({ owner, state: 'uploading' }), 10);
      await conversions.insert(exampleConversion({ owner, ...batch, uploadKey: 'key' }));
      await conversions.insert(exampleConversion({ owner, state: 'converting', turn: 1 }));
      await conversions.insert(exampleEnded('done', { owner, ...batch }));
      await conversions.insert(exampleEnded('failed', { owner }));
      await conversions.insert(exampleEnded('cancelled', { owner, removedAt: exampleTime }));
      await notifications.insert(exampleRecord({ id: `of ${owner}`, owner, ...batch }));
    }
  }

  it('uses the index that it is meant for, reads no more than what the index finds, and writes by id', async () => {
    const stores = await mongo.open({ monitorCommands: 'true' });
    await fill(stores);
    const commands = rememberCommands(stores.client);
    for (const [, call] of everyCall(stores, 'anna')) await call();
    const texts = { removed: exampleTime, ended: exampleTime, sources: exampleTime };
    for (const scan of [stores.conversions.scanExpired(texts), stores.conversions.untoldBatches()]) await collect(scan);
    const { items, next = '' } = await stores.conversions.page({ owner: 'bert', limit: 2 });
    await stores.conversions.page({ owner: 'bert', limit: 2, cursor: next });
    await stores.conversions.queuePositions(items.map(({ id }) => id));
    // None is due now.
    for (const { id } of await collect(stores.conversions.scan('queued'))) {
      const row = await stores.conversions.get(id);
      const later = { notBefore: '2026-05-05T00:00:00.000Z', revision: 2 };
      if (row !== undefined) await stores.conversions.replace(row, { ...row, ...later });
    }
    expect(await stores.conversions.nextQueued(exampleTime, '2026-06-01T00:00:00.000Z')).toBeDefined();

    const reads = commands.filter(({ commandName }) => ['find', 'aggregate'].includes(commandName));
    const plans = [];
    for (const command of reads) plans.push(await planOf(mongo.database(), command));
    const indexes = new Set<string>();
    for (const { command, hint, filter, stages, keysExamined, documentsExamined } of plans) {
      const used = new Set(stages.flatMap((stage) => (stage.startsWith('IXSCAN ') ? stage.split(' ').slice(1) : [])));
      const isById = stages.some((stage) => /^(IDHACK|EXPRESS)/.test(stage));
      expect([command, stages], command).toEqual([command, expect.not.arrayContaining(['COLLSCAN'])]);
      expect([command, isById ? new Set(['_id_']) : used]).toEqual([command, new Set([hint ?? '_id_'])]);
      indexes.add(hint ?? '_id_');
      // Queries for one owner never read the rows of the others.
      const isOfOne = Object.keys(filter).some(
        (field) => /^(_id|(row\.|unreadable\.)?owner)$/.test(field) && '$eq' in filter[field],
      );
      const most = isOfOne ? ownRows + 2 : (ownRows + 2) * owners.length;
      expect([command, keysExamined, documentsExamined]).toEqual([command, atMost(most), atMost(most)]);
    }
    // Each index is there for a query.
    const declared = [conversionsTable, notificationsTable].flatMap((table) => Object.keys(table.indexes));
    expect(indexes).toEqual(new Set(['_id_', ...declared]));

    const writes = commands.filter(({ commandName }) => ['update', 'delete', 'findAndModify'].includes(commandName));
    expect(writes.length).toBeGreaterThan(10);
    for (const { command } of writes) {
      for (const { q, query, hint } of [...(command['updates'] ?? command['deletes'] ?? [command])]) {
        expect(Object.keys(q ?? query).includes('_id') || hint !== undefined).toBe(true);
      }
    }
  });
});

function atMost(most: number): unknown {
  return expect.toSatisfy((count: unknown) => typeof count === 'number' && count <= most, `at most ${most}`);
}
