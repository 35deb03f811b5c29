import { afterEach, beforeEach, expect, it } from 'vitest';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import { stoppedWrite } from '../../ports/conversion-store-changes.contract.ts';
import { stopWriterEverywhere } from '../../ports/stopped-writer.ts';
import { makeTestConversions, type TestConversions } from '../test-conversions.ts';

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(() => test[Symbol.asyncDispose]());

interface TwoSteps {
  /** Gives the next place in the order. */
  count(): number;
  insertRow(): Promise<void>;
  /** Notes where the row comes in the order. */
  place(number: number): void;
}

/** Stores that keep the rows and their places in the order apart. `insert` says in which order it writes the two. */
function storesOfTwoSteps(insert: (steps: TwoSteps, step: () => Promise<void>) => Promise<void>) {
  const real = test.store;
  const numbers = new Map<string, number>();
  let latest = 0;
  const stepped = (step: () => Promise<void>): ConversionStore => ({
    ...real,
    async insert(record) {
      await step();
      const steps: TwoSteps = {
        count: () => ++latest,
        insertRow: () => real.insert(record),
        place: (number) => numbers.set(record.id, number),
      };
      await insert(steps, step);
      await step();
    },
    async changes({ since = '0' }) {
      const ids = [...numbers].flatMap(([id, number]) => (number > Number(since) ? [id] : []));
      const rows = await Promise.all(ids.map((id) => real.get(id)));
      const items: readonly ConversionRow[] = rows.filter((row) => row !== undefined);
      return { items, position: `${latest}`, complete: true };
    },
  });
  return { store: stepped(async () => undefined), stepped };
}

const insert = async () => stoppedWrite((store) => store.insert(exampleConversion()));

it('a store that counts first and writes the row after is found out by a writer that goes on', async () => {
  const stores = storesOfTwoSteps(async ({ count, insertRow, place }, step) => {
    const number = count();
    await step();
    await insertRow();
    place(number);
  });
  expect(await stopWriterEverywhere(stores, insert)).toEqual(['stopped at step 1, it goes on']);
});

it('a store that writes the row first and counts after is found out by a writer that dies', async () => {
  const stores = storesOfTwoSteps(async ({ count, insertRow, place }, step) => {
    await insertRow();
    await step();
    place(count());
  });
  expect(await stopWriterEverywhere(stores, insert)).toEqual(['stopped at step 1, it dies']);
});
