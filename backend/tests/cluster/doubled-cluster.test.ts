import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { serviceNames } from '../running/service-process.ts';
import { type DoubledCluster, startDoubledCluster } from './doubled-cluster.ts';
import { describeDrains } from './drains.ts';
import { restartUnderLoad } from './rolling-restart.ts';
import { describeTwoAuths } from './two-auths.ts';
import { describeEvents, describeNotifiers, describeUploads } from './two-of-each.ts';

let two: DoubledCluster;
beforeAll(async () => {
  two = await startDoubledCluster();
}, 240_000);
// A test that failed must not hold up the next.
afterEach(() => two.ffmpeg.release());
afterAll(() => two[Symbol.asyncDispose]());

// They do not disturb each other, and one of them waits for some seconds.
describe.concurrent('two gateways and two auths', () => {
  describeUploads(() => two);
  describeTwoAuths(() => two);
});
describeEvents(() => two);
describeNotifiers(() => two);
describeDrains(() => two);

it('a rolling restart of all services under load fails no request and loses nothing', async () => {
  const { cluster, mailServer, talk: video, gateways } = two;
  const account = await makeMailedAccount({ url: () => gateways[0] }, mailServer);
  const groups = [0, 1].map((number) =>
    serviceNames.map((name) => cluster.named(name)[number]).filter((service) => service !== undefined),
  );
  const facts = await restartUnderLoad({ cluster, mailServer, account, video, groups });
  process.stdout.write(`${JSON.stringify(facts)}\n`);
  expect(facts.restarts).toBe(cluster.services.length);
  // Otherwise nothing was under load.
  expect(facts.goodbyes).toBeGreaterThan(0);
}, 400_000);
