import { expect, it } from 'vitest';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { waitUntil } from '../running/wait-until.ts';
import { describeStrainedCluster } from './describe-strained-cluster.ts';
import type { StrainedCluster } from './strained-cluster.ts';

// The other way round, with two of everything, and longer than two leases.
describeStrainedCluster(
  { auth: [-1, 1], gateway: [1, -1], converter: [1, -1], notifier: [-1, 1] },
  { heldSeconds: 40, more: describeMailPauses },
);

function describeMailPauses(cluster: () => StrainedCluster): void {
  it('tries a mail again after the pause that one notifier has stored, even if another has another clock', async () => {
    const { mailServer, gateways, talk } = cluster();
    const account = await makeMailedAccount({ url: () => gateways[0] }, mailServer);
    const triedAt: number[] = [];
    mailServer.conduct.recipient = (address) => {
      if (address !== account.email) return undefined;
      triedAt.push(performance.now());
      return triedAt.length < 3 ? { code: 451 } : undefined;
    };
    await account.upload(talk);
    const read = async () => (await account.notifications())[0]?.mail === 'sent';
    await waitUntil('the mail is sent', read, { seconds: 200 });
    const [first = 0, second = 0, third = 0] = triedAt;
    // The outbox is looked at every 5 s. The clocks of the two are read with an error of milliseconds.
    expect(second - first).toBeGreaterThan(4800);
    expect(third - second).toBeGreaterThan(9800);
    expect(triedAt).toHaveLength(3);
  });
}
