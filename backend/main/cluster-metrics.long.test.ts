import { expect, it } from 'vitest';
import { openMediaFolder } from '../tests/media/make-media.ts';
import { makeAccount } from '../tests/running/api-client.ts';
import { startRunningCluster } from '../tests/running/running-cluster.ts';
import { startClusterServers } from '../tests/servers/cluster-servers.ts';
import { freePort } from '../tests/servers/server-program.ts';

it('each service of a cluster counts what it has done itself', { timeout: 120_000 }, async () => {
  const services = ['auth', 'gateway', 'converter', 'notifier'] as const;
  const ports = await Promise.all(services.map(freePort));
  await using media = await openMediaFolder();
  await using servers = await startClusterServers();
  await using cluster = await startRunningCluster({
    servers: servers.environment,
    services,
    settingsOf: (_name, number) => ({ METRICS_PORT: String(ports[number]) }),
  });
  const account = await makeAccount({ url: () => cluster.named('gateway')[0]?.url ?? '' });
  const { id } = await account.upload(await media.make({ container: 'mp4', seconds: 3 }));
  await account.ended(id);

  const scrape = async (number: number) => (await fetch(`http://127.0.0.1:${ports[number]}/metrics`)).text();
  const [gateway, converter, notifier] = await Promise.all([1, 2, 3].map(scrape));
  const done = 'soundlift_conversions_ended_total{state="done",code=""} 1';
  expect(converter).toContain('soundlift_conversion_attempts_total 1');
  expect(converter).toContain(done);
  for (const other of [gateway, notifier]) {
    expect(other).toContain('soundlift_conversion_attempts_total 0');
    expect(other).not.toContain(done);
  }
  expect(gateway).toContain('route="/upload"');
});
