import { type Document, Timestamp } from 'mongodb';
import type { ChangesAfterQuery, ChangesInOrder, ChangesQuery } from '../../ports/changes.ts';
import { type FoundDocument, type MongoTable, type Reading, type StoredDocument, valueAt } from './mongo-table.ts';

/** What every document has whose changes an owner can read. */
export interface ChangingDocument extends StoredDocument {
  /** The number of its last change among those of its owner. 0 until somebody has numbered it. */
  readonly change: number;
  /** Counts its writes. */
  readonly writes: number;
  /** When it was written last, by the server's clock. It only orders what is numbered at the same time. */
  readonly written: {
    readonly at: Date;
    /** MongoDB counts the changes within a second. Servers that are like it may leave this at 0. */
    readonly order: Timestamp;
  };
}

/** To be part of every write of a document that its owner is to hear of. */
export const unnumbered = {
  $set: { change: 0 },
  $inc: { writes: 1 },
  $currentDate: { 'written.at': true, 'written.order': { $type: 'timestamp' } },
} as const;

/** How far the changes of one owner are numbered. */
export interface ChangeNumbers extends StoredDocument {
  /** The last number that was given out. */
  readonly latest: number;
  /** The highest number of a document that was deleted permanently. */
  readonly forgotten: number;
}

/** The indexes that a table needs, in addition to its own, to be read by its changes. `owner` is the path of the field. */
export function changeIndexes(owner: string) {
  return { changed: { key: { [owner]: 1, change: 1 } } } as const;
}

/** How many documents are numbered at a time. */
const numberedAtOnce = 500;
/** How often the numbering is repeated if others write meanwhile. */
const rounds = 3;

/** What changed after a change position. */
export interface ChangedDocuments {
  /** The current change position, for clients. */
  readonly position: string;
  /** In no order. One more than requested if there are more. Undefined if they cannot be determined. */
  readonly documents: readonly FoundDocument[] | undefined;
}

/**
 * Change positions. A write sets the number of its document to 0, in the same atomic update. A reader numbers all such documents of its
 * owner before it reads anything else. So a writer makes one write, and there is no moment at which it could die between two.
 *
 * Why no reader misses anything. Let a state of a document be what one write made of it. It gets its number by compare-and-set on
 * (`change` = 0, `writes`), so at most one number, and a number that was drawn after the state could be read by others. A reader first
 * reads the latest number n of its owner. A state whose number turns out to be at most n was there before that. So the reader then
 * either finds it numbered, or finds it among those without a number, and numbers it itself, unless another write has replaced it: the new
 * state will get a number above n. A frozen process that drew a number before and wakes up later loses the compare-and-set. Therefore,
 * once the reader has numbered all that it found, the states with numbers up to n are complete, and n is a safe position: what is
 * written later, or numbered later, has a higher number. Neither clocks nor the order in which writes arrive play a part in this, and two
 * writes in the same millisecond are no special case. Reads are of what the majority of a replica set has, so no number that was read is
 * given out again when another machine becomes the primary. The server's clock, read by the update itself, only orders what is numbered
 * at the same time, as far as its order matters to a client.
 *
 * The numbers and positions are an owner's own. A position begins with the name of the database's contents, so that one of other
 * contents is recognised.
 */
export interface ChangePositions {
  /** `fields` is what to read of each document. Without `since`, no documents are determined. */
  changed(query: ChangesQuery, fields: Document): Promise<ChangedDocuments>;
  /** The changes of an owner in their order. */
  inOrder<Item>(
    query: ChangesAfterQuery,
    fields: Document,
    toItems: (documents: readonly FoundDocument[]) => Promise<readonly Item[]>,
  ): Promise<ChangesInOrder<Item> | undefined>;
  /**
   * To be called before a document is deleted: from now on, no position from before its last change is accepted. Returns the number of
   * that change; undefined if the document is no longer there at these `writes`.
   */
  forget(owner: string, id: string): Promise<number | undefined>;
}

export interface ChangingTable<Stored extends ChangingDocument> {
  readonly table: MongoTable<Stored, 'changed'>;
  readonly numbers: MongoTable<ChangeNumbers, never>;
  /** The path of the field with the owner. */
  readonly owner: string;
  /** The name of the database's contents: 16 hexadecimal digits. */
  readonly contents: string;
}

export function createChangePositions<Stored extends ChangingDocument>(
  changing: ChangingTable<Stored>,
): ChangePositions {
  const { numbers, owner: ownerField, contents } = changing;
  // The filters below are about the fields that every such table has.
  const table = changing.table as unknown as MongoTable<ChangingDocument, 'changed'>;
  const toPosition = (number: number): string => `${contents}.${number}`;

  async function readNumbers(owner: string): Promise<{ readonly latest: number; readonly forgotten: number }> {
    const [found] = await numbers.find({ index: 'ids', filter: { _id: { $eq: owner } }, limit: 1 });
    return { latest: Number(found?.['latest'] ?? 0), forgotten: Number(found?.['forgotten'] ?? 0) };
  }

  /** The first of as many numbers as are wanted. */
  async function drawNumbers(owner: string, count: number): Promise<number> {
    const draw = () => numbers.change({ filter: { _id: { $eq: owner } }, change: { $inc: { latest: count } } });
    let drawn = await draw();
    if (drawn === undefined) {
      await numbers.make(owner, { latest: 0, forgotten: 0 });
      drawn = await draw();
    }
    if (drawn === undefined) throw new Error('the numbers of an owner have gone');
    return Number(drawn['latest']) - count + 1;
  }

  async function giveNumbers(owner: string, documents: readonly FoundDocument[]): Promise<void> {
    const first = await drawNumbers(owner, documents.length);
    await table.updateEach(
      documents.toSorted(byTime).map(({ _id, writes = null }, index) => {
        const filter: Document = { _id: { $eq: _id }, change: { $eq: 0 }, writes: { $eq: writes } };
        return { filter, change: { $set: { change: first + index } } };
      }),
    );
  }

  /** Numbers what has no number. All changes with numbers up to `latest` are complete then. */
  async function settle(owner: string) {
    for (let round = 1; ; ) {
      const current = await readNumbers(owner);
      const waiting = await table.find({
        index: 'changed',
        filter: { [ownerField]: { $eq: owner }, change: { $eq: 0 } },
        limit: numberedAtOnce,
        fields: { writes: 1, written: 1 },
      });
      if (waiting.length === 0) return { ...current, isAll: true };
      await giveNumbers(owner, waiting);
      if (waiting.length === numberedAtOnce) continue;
      if (round === rounds) return { ...current, isAll: false };
      round += 1;
    }
  }

  async function positionOf(owner: string, since: string | undefined) {
    const { latest, forgotten, isAll } = await settle(owner);
    const [, name, digits] = /^([0-9a-f]{16})\.(0|[1-9][0-9]{0,14})$/.exec(since ?? '') ?? [];
    const number = Number(digits);
    const isKnown = name === contents && number >= forgotten && number <= latest;
    return { position: toPosition(latest), after: isKnown ? number : undefined, latest, isAll };
  }

  /** Undefined if a document was deleted that changed after this number, perhaps while the others were read. */
  async function changedAfter(
    owner: string,
    after: number,
    reading: Pick<Reading<ChangingDocument, never>, 'sort' | 'limit' | 'fields'>,
  ): Promise<readonly FoundDocument[] | undefined> {
    const found = await table.find({
      ...reading,
      index: 'changed',
      filter: { [ownerField]: { $eq: owner }, change: { $gt: after } },
    });
    return after >= (await readNumbers(owner)).forgotten ? found : undefined;
  }

  return {
    async changed({ owner, since, limit }, fields) {
      const { position, after } = await positionOf(owner, since);
      if (after === undefined) return { position, documents: undefined };
      return { position, documents: await changedAfter(owner, after, { limit: limit + 1, fields }) };
    },

    async inOrder({ owner, since, limit }, fields, toItems) {
      const { position, after, latest, isAll } = await positionOf(owner, since);
      if (after === undefined) return undefined;
      // One more than requested shows whether there are more.
      const reading = { sort: { change: 1 }, limit: limit + 1, fields: { ...fields, change: 1 } } as const;
      const changed = await changedAfter(owner, after, reading);
      if (changed === undefined) return undefined;
      // Those with higher numbers may not be all yet.
      const found = changed.filter(({ change }) => Number(change) <= latest);
      const shown = found.slice(0, limit);
      const isLast = found.length <= limit;
      const reached = isLast ? position : toPosition(Number(shown.at(-1)?.['change']));
      return { items: await toItems(shown), position: reached, complete: isLast && isAll };
    },

    async forget(owner, id) {
      for (;;) {
        const [found] = await table.find({
          index: 'ids',
          filter: { _id: { $eq: id } },
          limit: 1,
          fields: { writes: 1, written: 1, change: 1 },
        });
        if (found === undefined) return undefined;
        const change = Number(found['change']);
        if (change === 0) {
          await giveNumbers(owner, [found]);
          continue;
        }
        // It exists, because the change has a number.
        await numbers.update({ filter: { _id: { $eq: owner } }, change: { $max: { forgotten: change } } });
        return change;
      }
    },
  };
}

/** By when they were written. */
function byTime(one: FoundDocument, other: FoundDocument): number {
  const [first, second] = [one, other].map((each) => Number(valueAt(each, 'written.at')));
  const [firstOrder, secondOrder] = [one, other].map((each) => valueAt(each, 'written.order'));
  if (first !== second) return Number(first) - Number(second);
  const areOrdered = firstOrder instanceof Timestamp && secondOrder instanceof Timestamp;
  return areOrdered ? firstOrder.compare(secondOrder) : 0;
}
