import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, makeAccount, signIn } from '../running/api-client.ts';
import { processesIn } from '../running/processes.ts';
import { type ServerProcess, spawnServer, startServerProcess } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { deadlyStep } from './deadly-step.ts';
import { expectSettledData, waitUntilTidy } from './settled-data.ts';
import { uploadStreamed } from './streamed-upload.ts';
import { isBrokenConnection } from './stress-clients.ts';

const account = { email: 'someone@example.com', password: 'a long enough password' };

/** What the server promised a client before it died. */
interface Promises {
  hasAccount: boolean;
  /** The ids of acknowledged conversions with the state that each must end in. */
  readonly ends: Map<string, Conversion['state']>;
  /** Uploads without an answer. */
  readonly doubtful: Set<string>;
  /** Ids whose removal was requested, and those whose removal was acknowledged. */
  readonly removing: Set<string>;
  readonly removed: Set<string>;
}

type Step = number | RegExp;

export interface CrashPoints extends AsyncDisposable {
  /** The approximate number of steps from a server's first start to the end of the scenario. */
  count(): Promise<number>;
  /**
   * Lets a server die before the given step, given by its number or by a pattern, and further servers with the same
   * data before theirs. The last server must recover. Resolves with the step at each death.
   */
  dieAt(...steps: readonly Step[]): Promise<readonly string[]>;
}

export async function openCrashPoints(): Promise<CrashPoints> {
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  await Promise.all([goodVideo(media), badVideo(media)]);
  const kept = opened.move();
  return {
    async count() {
      return await inFolder(async (folder) => {
        await liveThrough(folder, Number.MAX_SAFE_INTEGER, media, noPromises());
        return (await stepsTaken(folder)).length;
      });
    },
    async dieAt(...steps) {
      return await inFolder(async (folder) => {
        const promises = noPromises();
        const deaths: string[] = [];
        for (const step of steps) {
          const died = await liveThrough(folder, step, media, promises);
          deaths.push(died ? deadlyStep(await stepsTaken(folder), step) : 'nothing: it had finished');
        }
        await expectPutRight(folder, promises).catch((cause: unknown) => {
          throw new Error(`after a death at step ${steps.join(', ')}, ${deaths.join('; ')}`, { cause });
        });
        return deaths;
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const goodVideo = (media: MediaFolder): Promise<string> => media.make({ container: 'mp4', seconds: 3 });
const badVideo = (media: MediaFolder): Promise<string> => media.makeBroken('text');
const noPromises = (): Promises => ({
  hasAccount: false,
  ends: new Map(),
  doubtful: new Set(),
  removing: new Set(),
  removed: new Set(),
});

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-crash-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const dataIn = (folder: string): string => join(folder, 'data');
const stepLogIn = (folder: string): string => join(folder, 'steps');

async function stepsTaken(folder: string): Promise<readonly string[]> {
  const text = await readFile(stepLogIn(folder), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/**
 * Runs a server that dies at `step`, and a client that requests everything once. Returns false if the client finished
 * first.
 */
async function liveThrough(folder: string, step: Step, media: MediaFolder, promises: Promises) {
  await rm(stepLogIn(folder), { force: true });
  const starting = spawnServer({
    dataFolder: dataIn(folder),
    nodeFlags: ['--import', import.meta.resolve('./die-at-step.ts')],
    environment: { DIE_AT_STEP: typeof step === 'number' ? String(step) : step.source, STEP_LOG: stepLogIn(folder) },
  });
  try {
    const server = await starting.listening;
    await playScenario(server, media, promises);
    return false;
  } catch (error) {
    // The connection breaks slightly before the process is known to have ended.
    if (isBrokenConnection(error)) await waitUntil('the server has died', () => starting.ended() !== undefined);
    if (starting.ended() !== 'SIGKILL') throw error;
    return true;
  } finally {
    await starting.kill();
  }
}

/** Everything that leaves traces: an account, a good upload, a bad one, their ends, a removal. */
async function playScenario(server: ServerProcess, media: MediaFolder, promises: Promises): Promise<void> {
  const client = await enter(server, promises);
  const good = await upload(client, await goodVideo(media), 'good.mp4', 'done', promises);
  await upload(client, await badVideo(media), 'bad.mp4', 'failed', promises);
  await toldOfAll(client);
  if (promises.removed.size > 0 || good === undefined) return;
  const again = await upload(client, await goodVideo(media), 'again.mp4', 'done', promises);
  if (again === undefined) return;
  promises.removing.add(again);
  const answer = await client.fetch(`/api/v1/conversions/${again}`, { method: 'DELETE' });
  expect(answer.status).toBe(204);
  promises.removed.add(again);
}

async function enter(server: ServerProcess, promises: Promises): Promise<ApiClient> {
  const given = { url: () => server.url, ...account };
  if (!promises.hasAccount) {
    // The previous server may have died between creating it and answering.
    const client = await makeAccount(given).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('409 ')) return signIn(given);
      throw error;
    });
    promises.hasAccount = true;
    return client;
  }
  return await signIn(given);
}

/** Uploads a file, unless an earlier server already has it. Resolves with the id. */
async function upload(
  client: ApiClient,
  path: string,
  fileName: string,
  end: Conversion['state'],
  { ends, doubtful, removing }: Promises,
): Promise<string | undefined> {
  const known = (await client.conversions()).find((each) => each.fileName === fileName);
  if (known !== undefined) {
    ends.set(known.id, end);
    return known.id;
  }
  if (removing.size > 0 && fileName === 'again.mp4') return undefined;
  const fate = await uploadStreamed(client, { path, fileName, pauseMilliseconds: 0 });
  if (fate.kind === 'acknowledged') {
    ends.set(fate.conversion.id, end);
    return fate.conversion.id;
  }
  if (fate.kind === 'doubtful') doubtful.add(fileName);
  // The server is gone; the next request will fail.
  return undefined;
}

/** Waits until all conversions have ended and have their notifications. */
async function toldOfAll(client: ApiClient): Promise<readonly Conversion[]> {
  return await waitUntil('all have ended and have notifications', async () => {
    const conversions = await client.conversions();
    const told = (await client.notifications()).flatMap(({ conversionIds }) => conversionIds);
    // A conversion that its owner cancelled gets no notification.
    return (
      conversions.every(({ id, state }) => hasEnded(state) && (state === 'cancelled' || told.includes(id))) &&
      conversions
    );
  });
}

async function expectPutRight(folder: string, promises: Promises): Promise<void> {
  const dataFolder = dataIn(folder);
  const server = await startServerProcess({ dataFolder });
  try {
    const client = await enter(server, promises);
    const conversions = await toldOfAll(client);
    const found = new Map(conversions.map((each) => [each.id, each]));
    for (const [id, end] of promises.ends) {
      // A removal without an answer may or may not have happened.
      if (promises.removed.has(id)) expect(found.get(id)).toBeUndefined();
      else if (!promises.removing.has(id)) expect([id, found.get(id)?.state]).toEqual([id, end]);
    }
    for (const { id, fileName } of conversions) {
      if (!promises.ends.has(id)) expect([...promises.doubtful]).toContain(fileName);
    }
    const names = conversions.map(({ fileName }) => fileName);
    expect(new Set(names).size).toBe(names.length);
    await waitUntilTidy(dataFolder, conversions);
    await server.stop();
    await expectSettledData(dataFolder, { conversionIds: conversions.map(({ id }) => id) });
    expect(await processesIn(folder)).toEqual([]);
  } finally {
    await server.kill();
  }
}
