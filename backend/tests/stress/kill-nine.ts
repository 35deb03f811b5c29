import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { processesIn } from '../running/processes.ts';
import { type ServerProcess, spawnServer } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { chooseSeed, createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { expectSettledData, waitUntilTidy } from './settled-data.ts';
import { downloadAndCheck, type StressClients, startStressClients } from './stress-clients.ts';
import { createStressLedger, type StressLedger } from './stress-ledger.ts';

/** The moments of the kills, taken in turn so that each occurs. */
const moments = ['while it works', 'while ffmpeg runs', 'while something is sent', 'while it starts'] as const;

interface Scene {
  readonly dataFolder: string;
  /** The system's temporary folder for the servers. */
  readonly temporaryFolder: string;
  readonly random: SeededRandom;
}

/**
 * Kills a server and everything that it started, `kills` times with the same data folder, while clients upload, follow
 * and download. Then lets it finish, and checks everything that it had acknowledged.
 */
export async function killAgainAndAgain(kills: number): Promise<void> {
  const random = createSeededRandom(chooseSeed(`${kills} kills`));
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-kill-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const scene: Scene = { dataFolder: join(folder, 'data'), temporaryFolder: join(folder, 'tmp'), random };
  await mkdir(scene.temporaryFolder);
  const largest = await media.make({ container: 'wav', seconds: 40 });
  const sources = [
    largest,
    await media.make({ container: 'mp4-index-first', seconds: 5 }),
    await media.make({ container: 'webm', seconds: 8 }),
    await media.make({ container: 'mkv', seconds: 180, audio: [{ codec: 'flac' }] }),
  ];

  let server: ServerProcess | undefined = await start(scene);
  opened.defer(async () => server?.kill());
  const client = await makeAccount({ url: () => server?.url ?? 'http://127.0.0.1:9' });
  const ledger = createStressLedger();
  const clients = startStressClients({
    client,
    sources,
    largest,
    random,
    ledger,
    serverIsUp: () => server !== undefined,
  });
  opened.defer(() => clients.stop());

  for (let kill = 0; kill < kills; kill += 1) {
    const moment = moments[kill % moments.length] ?? 'while it works';
    if (moment === 'while it starts') {
      const killed = server;
      server = undefined;
      await killed.kill();
      await killWhileStarting(scene);
    } else {
      await theMoment(moment, server, clients, random);
      const killed = server;
      server = undefined;
      await killed.kill();
    }
    server = await start(scene);
    expect(ledger.violations).toEqual([]);
  }

  await clients.stopUploading();
  const rows = await drain(client, ledger);
  await clients.stop();
  for (const conversion of rows) await downloadAndCheck(client, conversion);
  expect(ledger.violations).toEqual([]);
  await waitUntilTidy(scene.dataFolder, rows);
  await server.stop();
  server = undefined;

  await expectSettledData(scene.dataFolder, { conversionIds: rows.map(({ id }) => id) });
  expect(await readdir(scene.temporaryFolder)).toEqual([]);
  expect(await processesIn(folder)).toEqual([]);
  const { acknowledged, doubtful, brokenOff } = ledger;
  console.log(`${acknowledged.size} acknowledged, ${doubtful.size} in doubt, ${brokenOff.size} broken off by a kill`);
  // Otherwise this test has checked nothing.
  expect(acknowledged.size).toBeGreaterThan(0);
  expect(brokenOff.size).toBeGreaterThan(0);
}

async function start(scene: Scene): Promise<ServerProcess> {
  return await spawn(scene).listening;
}

function spawn({ dataFolder, temporaryFolder }: Scene) {
  return spawnServer({ dataFolder, environment: { TMPDIR: temporaryFolder } });
}

async function killWhileStarting(scene: Scene): Promise<void> {
  const starting = spawn(scene);
  starting.listening.catch(() => undefined);
  await delay(scene.random.between(50, 900));
  await starting.kill();
}

async function theMoment(
  moment: (typeof moments)[number],
  server: ServerProcess,
  clients: StressClients,
  random: SeededRandom,
): Promise<void> {
  if (moment === 'while it works') return await delay(random.between(300, 2500));
  if (moment === 'while something is sent') {
    await delay(random.between(300, 1500));
    await waitUntil('something is sent both ways', () => clients.uploads() > 0 && clients.downloads() > 0, {
      everyMilliseconds: 1,
    });
    return await delay(random.between(0, 30));
  }
  await waitUntil('ffmpeg runs', async () => (await server.workers()).some(({ name }) => name === 'ffmpeg'), {
    everyMilliseconds: 2,
  });
  await delay(random.between(0, 1000));
}

/** Waits until everything has ended and checks it against the promises. Resolves with all conversions. */
async function drain(client: ApiClient, ledger: StressLedger) {
  const rows = await waitUntil(
    'everything is done and has notifications',
    async () => {
      const [all, notifications] = [await client.conversions(), await client.notifications()];
      return all.every(({ state }) => state === 'done') && notifications.length >= all.length && all;
    },
    { seconds: 120, everyMilliseconds: 200 },
  );
  const ids = new Set(rows.map(({ id }) => id));
  expect([...ledger.acknowledged].filter((id) => !ids.has(id))).toEqual([]);
  const unpromised = rows.filter(({ id }) => !ledger.acknowledged.has(id)).map(({ fileName }) => fileName);
  expect(unpromised.filter((fileName) => !ledger.doubtful.has(fileName))).toEqual([]);
  const names = rows.map(({ fileName }) => fileName);
  expect(new Set(names).size).toBe(names.length);

  const told = (await client.notifications()).flatMap(({ conversionIds }) => conversionIds);
  expect(told.toSorted()).toEqual([...ids].toSorted());
  return rows;
}
