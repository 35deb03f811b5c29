import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailOutboxStore } from './mail-outbox-store.ts';
import type { NotificationRecord, NotificationStore, OutboxMail } from './notification-store.ts';

/** Empty stores over the same data, made by an adapter's test. */
export interface MailOutboxStoreUnderTest {
  readonly mails: MailOutboxStore;
  readonly notifications: NotificationStore;
  /** Second stores over the same data, as after a restart. The first are no longer used. */
  reopen(): Promise<Pick<MailOutboxStoreUnderTest, 'mails' | 'notifications'>>;
  /** Makes the stores' storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

const base = Date.UTC(2026, 4, 4);
const at = (seconds: number): string => new Date(base + seconds * 1000).toISOString();

function example(id: string, outboxMail?: OutboxMail, owner = 'anna'): NotificationRecord {
  return {
    owner,
    notification: {
      id,
      kind: 'one',
      batchId: `batch of ${id}`,
      conversionIds: ['conversion'],
      counts: { done: 1, failed: 0, warned: 0 },
      seconds: 61.5,
      bytes: 12_345,
      message: 'talk.mp3 is ready.',
      createdAt: at(0),
    },
    told: [{ conversionId: 'conversion', attempt: 1 }],
    ...(outboxMail === undefined ? {} : { outboxMail }),
  };
}

const fresh = (seconds: number): OutboxMail => ({ revision: 0, tries: 0, due: at(seconds), claimed: false });

/** Runs the contract of the port over the stores that `make` makes. */
export function describeMailOutboxStore(name: string, make: () => Promise<MailOutboxStoreUnderTest>): void {
  describe(`${name}, as a MailOutboxStore`, () => {
    let underTest: MailOutboxStoreUnderTest;
    let mails: MailOutboxStore;
    let notifications: NotificationStore;
    beforeEach(async () => {
      underTest = await make();
      ({ mails, notifications } = underTest);
    });
    afterEach(() => underTest.dispose());

    async function insert(...records: readonly NotificationRecord[]): Promise<void> {
      for (const record of records) expect(await notifications.insert(record)).toBe(true);
    }

    async function listed(): Promise<readonly string[]> {
      const found: string[] = [];
      for await (const { notification } of mails.list()) found.push(notification.id);
      return found;
    }

    it('lists the outbox of all owners, the earliest due first, with all fields', async () => {
      const records = [example('c', fresh(3)), example('a', fresh(1), 'bert'), example('b', fresh(2))] as const;
      await insert(...records, example('none'));
      const found: NotificationRecord[] = [];
      for await (const record of mails.list()) found.push(record);
      expect(found).toEqual([records[1], records[2], records[0]]);
      expect(await notifications.get('a')).toEqual(records[1]);
    });

    it('lists many mails once each, even if they are due at the same moment', async () => {
      const ids = Array.from({ length: 65 }, (_, index) => `mail-${index}`);
      await insert(...ids.map((id) => example(id, fresh(7))));
      expect((await listed()).toSorted()).toEqual(ids.toSorted());
    });

    it('writes the state of a mail', async () => {
      await insert(example('a', fresh(1)));
      const claimed: OutboxMail = { revision: 1, tries: 1, due: at(180), claimed: true };
      expect(await mails.replace('a', 0, claimed)).toBe(true);
      expect(await notifications.get('a')).toEqual(example('a', claimed));
      const postponed: OutboxMail = { revision: 2, tries: 1, due: at(60), claimed: false };
      expect(await mails.replace('a', 1, postponed)).toBe(true);
      expect(await notifications.get('a')).toEqual(example('a', postponed));
      expect(await listed()).toEqual(['a']);
    });

    it.each(['sent', 'refused', 'gave_up'] as const)(
      'stores the outcome %s of a mail and no longer lists it',
      async (end) => {
        const record = example('a', fresh(1));
        await insert(record);
        expect(await mails.replace('a', 0, end)).toBe(true);
        const { outboxMail: _, ...rest } = record;
        expect(await notifications.get('a')).toEqual({ ...rest, notification: { ...rest.notification, mail: end } });
        expect((await notifications.page({ owner: 'anna', limit: 1 })).items).toMatchObject([{ id: 'a', mail: end }]);
        expect(await listed()).toEqual([]);
        expect(await mails.replace('a', 0, fresh(1))).toBe(false);
        expect(await mails.replace('a', 0, 'gave_up')).toBe(false);
      },
    );

    it('records nothing for a withdrawn mail, and no longer lists it', async () => {
      await insert(example('a', fresh(1)));
      expect(await mails.replace('a', 0, 'withdrawn')).toBe(true);
      expect(await notifications.get('a')).toEqual(example('a'));
      expect(await listed()).toEqual([]);
    });

    it('shows the outcome of a mail in the changes', async () => {
      await insert(example('a', fresh(1)), example('b', fresh(2)));
      const { position: since } = await notifications.changes({ owner: 'anna', limit: 10 });
      await mails.replace('a', 0, 'refused');
      const { items } = await notifications.changes({ owner: 'anna', since, limit: 10 });
      expect(items.find(({ id }) => id === 'a')).toMatchObject({ mail: 'refused' });
    });

    it('writes nothing at an outdated revision, or if there is no mail', async () => {
      await insert(example('a', fresh(1)), example('none'));
      await mails.replace('a', 0, { revision: 1, tries: 1, due: at(180), claimed: true });
      await mails.replace('a', 1, { revision: 2, tries: 1, due: at(180), claimed: true });
      expect(await mails.replace('a', 1, 'sent')).toBe(false);
      expect(await mails.replace('a', 1, fresh(9))).toBe(false);
      expect(await notifications.get('a')).toEqual(
        example('a', { revision: 2, tries: 1, due: at(180), claimed: true }),
      );
      expect(await mails.replace('none', 0, 'sent')).toBe(false);
      expect(await mails.replace('never', 0, 'sent')).toBe(false);
    });

    it('lets one of many calls succeed that claim the same mail at once', async () => {
      await insert(example('a', fresh(1)));
      const claims = Array.from({ length: 20 }, () =>
        mails.replace('a', 0, { revision: 1, tries: 1, due: at(180), claimed: true }),
      );
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
    });

    it('does not change whether a notification was read, and marking it as read does not change the mail', async () => {
      await insert(example('a', fresh(1)));
      await notifications.markRead('anna', ['a'], at(5));
      await mails.replace('a', 0, 'sent');
      expect((await notifications.get('a'))?.notification).toMatchObject({ readAt: at(5), mail: 'sent' });
    });

    it('has everything after it is opened again', async () => {
      const claimed: OutboxMail = { revision: 9, tries: 3, due: at(180), claimed: true };
      await insert(example('a', claimed), example('b', fresh(2)));
      await mails.replace('b', 0, 'sent');
      ({ mails, notifications } = await underTest.reopen());
      expect(await listed()).toEqual(['a']);
      expect(await notifications.get('a')).toEqual(example('a', claimed));
      expect((await notifications.get('b'))?.notification.mail).toBe('sent');
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      await insert(example('a', fresh(1)));
      await underTest.takeAway();
      const calls = [listed, () => mails.replace('a', 0, 'sent')];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
