import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { ApiClient } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { ClusterBackend } from './cluster-backend.ts';
import type { Flow } from './flow.ts';
import { expectOnce, mp3sOf, uploadHeld } from './flow-checks.ts';
import { mailOf, mailsAbout } from './mail-flow.ts';

/** The conversions whose services were killed with SIGKILL, by when that was. */
export interface KilledWork {
  readonly account: ApiClient;
  readonly inTheMiddle: string;
  readonly beforeDone: string;
  readonly beforeItsTicket: string;
  readonly beforeItsMailWasRecorded: string;
}

/**
 * Kills converters and the notifier at those moments, and starts them again. What they held is taken over once their leases have ended,
 * which takes 15 s.
 */
export async function killServices(flow: Flow<ClusterBackend>): Promise<KilledWork> {
  const { cluster, ffmpeg } = flow.backend;
  const [first, second] = cluster.named('converter');
  const [notifier] = cluster.named('notifier');
  if (first === undefined || second === undefined || notifier === undefined) throw new Error('a service is missing');
  const account = await flow.addedAccount();

  const { id: beforeItsMailWasRecorded } = await account.upload(flow.media.talk);
  await whileMailIsHeld(flow, () => notifier.process().kill());

  for (const converter of [first, second]) await converter.process().kill();
  await first.start({ ...dying, DIE_AT_WRITE: '^before .*"state":"done"' });
  const { id: beforeDone } = await uploadHeld(flow, account);
  await second.start();
  const { id: inTheMiddle } = await uploadHeld(flow, account);
  await second.process().kill();
  await ffmpeg.release();
  await waitUntil('the first converter has died', () => first.process().ended());
  expect((await account.get(beforeDone)).state).toBe('converting');
  expect(await mp3sOf(flow, beforeDone)).toHaveLength(1);

  await second.start({ ...dying, DIE_AT_WRITE: '^after .*"state":"done"' });
  const { id: beforeItsTicket } = await account.upload(flow.media.talk);
  await waitUntil('the second converter has died', () => second.process().ended());
  expect((await account.get(beforeItsTicket)).state).toBe('done');

  for (const service of [first, second, notifier]) {
    await service.process().kill();
    await service.start();
  }
  return { account, inTheMiddle, beforeDone, beforeItsTicket, beforeItsMailWasRecorded };
}

const dying = {
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'die-at-write.ts')).href}`,
} as const;

/** Calls `work` as soon as a mail has arrived, and lets the mail server answer after that. */
async function whileMailIsHeld({ backend }: Flow, work: () => Promise<void>): Promise<void> {
  const { conduct } = backend.mail.server;
  const { promise: worked, resolve: release } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  conduct.beforeTaking = async () => {
    arrive();
    await worked;
  };
  try {
    await arrived;
    await work();
  } finally {
    delete conduct.beforeTaking;
    release();
  }
}

/** Expects that what was killed has no other effect than what was not. */
export function itSurvivesKills(flow: Flow<ClusterBackend>, work: () => KilledWork): void {
  it.each([
    ['in the middle of a conversion', 'inTheMiddle', 2],
    ['when an MP3 is stored but its conversion is not yet done', 'beforeDone', 2],
    ['when a conversion is done but its ticket is not yet sent', 'beforeItsTicket', 1],
  ] as const)(
    'a kill -9 of a converter %s leads to one MP3, one notification and one mail',
    async (_when, name, attempt) => {
      const { account, [name]: id } = work();
      await expectOnce(flow, account, id);
      expect((await account.get(id)).attempt).toBe(attempt);
      expect(await mailOf(account, id)).toBe('sent');
      expect(mailsAbout(flow, id)).toHaveLength(1);
    },
  );

  it('a kill -9 of the notifier between a mail and its record repeats the mail with the same Message-ID', async () => {
    const { account, beforeItsMailWasRecorded: id } = work();
    await expectOnce(flow, account, id);
    expect(await mailOf(account, id)).toBe('sent');
    const [one, other, ...more] = mailsAbout(flow, id).map(({ parsed }) => parsed.messageId);
    expect(one).toMatch(/^<\S+@sound\.example\.org>$/);
    expect([other, more]).toEqual([one, []]);
  });
}
