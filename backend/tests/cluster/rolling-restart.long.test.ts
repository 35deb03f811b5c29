import { expect, it } from 'vitest';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { makeAccount } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { startDoubledCluster } from './doubled-cluster.ts';
import { restartUnderLoad } from './rolling-restart.ts';

it.each([1, 2] as const)('ten rolling restarts with %d auths fail no request and lose nothing', async (auths) => {
  await using two = await startDoubledCluster({ auths });
  const { cluster, mailServer, talk: video, gateways } = two;
  const account = await makeMailedAccount({ url: () => gateways[0] }, mailServer);
  const groups = Array.from({ length: 10 }, () => cluster.services.map((service) => [service])).flat();
  const facts = await restartUnderLoad({ cluster, mailServer, account, video, groups });
  process.stdout.write(`${JSON.stringify(facts)}\n`);
  expect(facts.restarts).toBe(10 * cluster.services.length);
});

it('two sweepers take a conversion over once, when its converter has died', async () => {
  await using two = await startDoubledCluster();
  const { cluster, ffmpeg, gateways, lecture } = two;
  const account = await makeAccount({ url: () => gateways[0] });
  await ffmpeg.hold();
  const { id } = await account.upload(lecture);
  await account.until(id, ({ progress }) => progress > 0);
  for (const converter of cluster.named('converter')) {
    if ((await converter.process().workers()).length > 0) await converter.process().kill();
  }
  await waitUntil('the other converter has it', async () => (await account.get(id)).attempt > 1);
  await ffmpeg.release();
  expect(await account.ended(id)).toMatchObject({ state: 'done', attempt: 2 });
  await waitUntil('it was told', async () => (await account.notifications()).length > 0);
  expect(await account.notifications()).toHaveLength(1);
});
