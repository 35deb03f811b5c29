import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Conversion } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { makeTestConversions, type TestConversions, tidyForAnHour } from '../tests/test-conversions.ts';
import type { OwnedChanges } from './owned-changes.ts';

const intake = { fileName: 'talk.mp4', path: '/talk.mp4', bytes: 1000, options: { format: 'mp3' } as const };

describe('what an owner has missed', () => {
  let test: TestConversions;
  let changes: OwnedChanges;
  beforeEach(async () => {
    test = await makeTestConversions();
    changes = test.conversions.changes;
  });
  afterEach(() => test[Symbol.asyncDispose]());

  const submit = (owner = 'anna'): Promise<Conversion> => test.conversions.owned.submitFile(owner, intake);
  async function fail(id: string): Promise<void> {
    const taken = await test.take(id);
    if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
    await taken.work.fail(new AppError('no_audio', 'There is no sound in this video.'));
  }
  const idsOf = (conversions: readonly { readonly id: string }[]): readonly string[] =>
    conversions.map(({ id }) => id).toSorted();

  it('is, without a position, every conversion that has not ended, as lists show it', async () => {
    const [second, first, ended] = [await submit(), await submit('aaron'), await submit()];
    await test.conversions.owned.cancel('anna', ended.id);
    const missed = await changes.since('anna');
    expect(missed).toEqual({
      conversions: [{ ...second, position: 1 }],
      removed: [],
      notifications: [],
      at: expect.stringMatching(/^[A-Za-z0-9._-]{1,200}$/),
      truncated: false,
    });
    expect((await changes.since('aaron')).conversions).toEqual([first]);
  });

  it('is everything that was made, changed, removed, notified and read since the position', async () => {
    const [kept, changed, removed, told] = [await submit(), await submit(), await submit(), await submit()];
    await fail(told.id);
    const [before] = await test.conversions.batches.tellOfEnds();
    const { at } = await changes.since('anna');
    expect(await changes.since('anna', at)).toMatchObject({ removed: [], notifications: [] });

    await fail(changed.id);
    await test.conversions.owned.remove('anna', removed.id);
    await test.conversions.notifications.markRead('anna', [before?.notification.id ?? '']);
    const [made] = await test.conversions.batches.tellOfEnds();
    const created = await submit();
    const missed = await changes.since('anna', at);
    expect(idsOf(missed.conversions)).toEqual(idsOf([kept, changed, created]));
    expect(missed.conversions.find(({ id }) => id === changed.id)?.state).toBe('failed');
    expect(missed.removed).toEqual([removed.id]);
    expect(idsOf(missed.notifications)).toEqual(
      [before?.notification.id, made?.notification.id].map(String).toSorted(),
    );
    expect(missed.notifications.filter(({ readAt }) => readAt !== undefined)).toHaveLength(1);
    expect(missed.truncated).toBe(false);

    const after = await changes.since('anna', missed.at);
    expect(after).toMatchObject({ removed: [], notifications: [], truncated: false });
    expect(idsOf(after.conversions)).toEqual(idsOf([kept, created]));
  });

  it('shows the progress of running conversions', async () => {
    const { id } = await submit();
    const taken = await test.take(id);
    expect((await changes.since('anna')).conversions).toMatchObject([{ id, progress: 0 }]);
    if (taken.kind === 'work') taken.work.noteProgress({ progress: 0.4, etaSeconds: 7, speed: 30 });
    await new Promise((resolve) => setImmediate(resolve));
    expect((await changes.since('anna')).conversions).toMatchObject([{ id, progress: 0.4, etaSeconds: 7 }]);
    if (taken.kind === 'work') await taken.work[Symbol.asyncDispose]();
  });

  it('is truncated to conversions that have not ended if it is more than 500', async () => {
    const { at } = await changes.since('anna');
    const made: Conversion[] = [];
    for (let index = 0; index < 500; index++) made.push(await submit());
    const all = await changes.since('anna', at);
    expect([all.conversions.length, all.truncated]).toEqual([500, false]);

    for (const { id } of made.slice(0, 3)) await fail(id);
    for (const { id } of made.slice(3, 6)) await test.conversions.owned.remove('anna', id);
    await test.conversions.batches.tellOfEnds();
    const missed = await changes.since('anna', at);
    expect(missed).toMatchObject({ removed: [], notifications: [], truncated: true });
    expect(idsOf(missed.conversions)).toEqual(idsOf(made.slice(6)));
    expect(await changes.since('anna', missed.at)).toMatchObject({ truncated: false });
    expect(await changes.since('anna')).toMatchObject({ truncated: false });

    for (let index = 0; index < 7; index++) await submit();
    expect(await changes.since('anna')).toMatchObject({ truncated: true });
  });

  it('cannot be given since an invalid position, or half of one', async () => {
    const { id } = await submit();
    const { at } = await changes.since('anna');
    const [conversions = '', notifications = ''] = at.split('_');
    const positions = [
      'x',
      '0',
      '_',
      conversions,
      `${conversions}_`,
      `_${notifications}`,
      `${notifications}_${conversions}`,
    ];
    for (const position of positions) {
      const missed = await changes.since('anna', position);
      expect(missed).toMatchObject({ conversions: [{ id }], removed: [], truncated: true });
    }
  });

  it('cannot be given since a time whose removals are no longer stored', async () => {
    const { id } = await submit();
    const { at } = await changes.since('anna');
    await test.conversions.owned.remove('anna', id);
    test.pass(6 * 24 * 3600);
    await tidyForAnHour(test);
    expect(await changes.since('anna', at)).toMatchObject({ removed: [id], truncated: false });
    test.pass(2 * 24 * 3600);
    await tidyForAnHour(test);
    expect(await changes.since('anna', at)).toMatchObject({ removed: [], truncated: true });
  });
});

describe('following', () => {
  let test: TestConversions;
  beforeEach(async () => {
    test = await makeTestConversions();
  });
  afterEach(() => test[Symbol.asyncDispose]());

  const read = (...ids: readonly string[]): ServerEvent => ({ type: 'read', ids: [...ids] });
  async function publish(owner: string, event: ServerEvent): Promise<void> {
    test.events.publish({ owner, event });
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('delivers to each listener only the events of its own account', async () => {
    const heard: Record<string, ServerEvent[]> = { anna: [], bert: [] };
    const { follow } = test.conversions.changes;
    for (const [owner, events] of Object.entries(heard)) follow(owner, (event) => events.push(event));
    await publish('anna', read('a'));
    await publish('bert', read('b'));
    await publish('__proto__', read('c'));
    expect(heard).toEqual({ anna: [read('a')], bert: [read('b')] });
  });

  it('continues for the others when a listener throws', async () => {
    const heard: string[] = [];
    const { follow } = test.conversions.changes;
    follow('anna', () => {
      throw new Error('a listener that throws');
    });
    follow('anna', (event) => void heard.push(event.type));
    const warned = new Promise((resolve) => process.once('warning', resolve));
    await publish('anna', read());
    await publish('anna', read());
    expect(heard).toHaveLength(2);
    expect(await warned).toMatchObject({ message: 'a listener that throws' });
  });

  it('ends for one listener only, and can start again', async () => {
    const heard: string[] = [];
    const listener = (event: ServerEvent): void => void heard.push(event.type);
    const { follow } = test.conversions.changes;
    const [first, second] = [follow('anna', listener), follow('anna', listener)];
    await publish('anna', read());
    expect(heard).toHaveLength(2);
    first.end();
    first.end();
    await publish('anna', read());
    expect(heard).toHaveLength(3);
    second.end();
    await publish('anna', read());
    expect(heard).toHaveLength(3);
    follow('anna', listener);
    await publish('anna', read());
    expect(heard).toHaveLength(4);
  });
});
