import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../running/api-client.ts';
import type { ReceivedMail } from '../running/mail-server.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { Flow } from './flow.ts';
import { toldOf } from './flow-checks.ts';

/** The faults of mail under which the original system was measured. */
export function describeMail(flow: Flow): void {
  describe('under the faults of the original,', () => {
    afterEach(() => {
      flow.backend.mail.line.down = false;
      delete flow.backend.mail.server.conduct.recipient;
    });

    it('a mail server that is down is tried once in 5 seconds at most, and gets one mail once it is back', async () => {
      const { line } = flow.backend.mail;
      const account = await flow.addedAccount();
      line.down = true;
      const before = line.connections;
      const { id } = await account.upload(flow.media.talk);
      await waitUntil('it was tried', () => line.connections > before);
      // The notification in the app does not wait for the mail.
      expect((await toldOf(account, id)).mail).toBeUndefined();
      // The original made over 700 tries in a second.
      await delay(1000);
      expect(line.connections - before).toBe(1);
      line.down = false;
      expect(await mailOf(account, id)).toBe('sent');
      expect(mailsAbout(flow, id)).toHaveLength(1);
    });

    it('an address that the mail server refuses (550) is tried once, and the owner sees it in the app', async () => {
      const account = await flow.addedAccount();
      let tries = 0;
      flow.backend.mail.server.conduct.recipient = (address) => {
        if (address !== account.email) return undefined;
        tries += 1;
        return { code: 550, words: 'no such mailbox' };
      };
      const { id } = await account.upload(flow.media.talk);
      expect(await mailOf(account, id)).toBe('refused');
      expect([tries, mailsAbout(flow, id)]).toEqual([1, []]);
    });
  });
}

/** Waits for the outcome of the mail about a conversion's end. */
export async function mailOf(account: ApiClient, id: string): Promise<string> {
  return await waitUntil(`the mail about ${id} has an outcome`, async () => (await toldOf(account, id)).mail);
}

export function mailsAbout({ backend }: Flow, id: string): readonly ReceivedMail[] {
  return backend.mail.server.mails.filter(({ parsed }) => parsed.text?.includes(id));
}
