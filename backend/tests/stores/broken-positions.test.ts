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
  /** Returns the next change number. */
  nextNumber(): number;
  insertRow(): Promise<boolean>;
  /** Stores the change number of the row. */
  storeNumber(number: number): void;
}

/** Stores that write a row and its change number in two steps. `insert` says in which order. */
function storesOfTwoSteps(insert: (steps: TwoSteps, step: () => Promise<void>) => Promise<void>) {
  const real = test.store;
  const numbers = new Map<string, number>();
  let latest = 0;
  const stepped = (step: () => Promise<void>): ConversionStore => ({
    ...real,
    async insert(row) {
      await step();
      const steps: TwoSteps = {
        nextNumber: () => ++latest,
        insertRow: () => real.insert(row),
        storeNumber: (number) => numbers.set(row.id, number),
      };
      await insert(steps, step);
      await step();
      return true;
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

it('a store that takes the change number first and writes the row later fails if the stopped writer continues', async () => {
  const stores = storesOfTwoSteps(async ({ nextNumber, insertRow, storeNumber }, step) => {
    const number = nextNumber();
    await step();
    await insertRow();
    storeNumber(number);
  });
  expect(await stopWriterEverywhere(stores, insert)).toEqual(['stopped at step 1, it continues']);
});

it('a store that writes the row first and its change number later fails if the stopped writer dies', async () => {
  const stores = storesOfTwoSteps(async ({ nextNumber, insertRow, storeNumber }, step) => {
    await insertRow();
    await step();
    storeNumber(nextNumber());
  });
  expect(await stopWriterEverywhere(stores, insert)).toEqual(['stopped at step 1, it dies']);
});
