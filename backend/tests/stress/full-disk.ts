import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { spaceLimits } from '../../adapters/embedded/volume-space.ts';
import { openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, makeAccount, signIn } from '../running/api-client.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';
import { openSmallDisk, type SmallDisk } from '../running/small-disk.ts';
import { waitUntil } from '../running/wait-until.ts';
import { chooseSeed, createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { expectSettledData, waitUntilTidy } from './settled-data.ts';
import { downloadAndCheck, isBrokenConnection } from './stress-clients.ts';

const mebibyte = 1024 * 1024;
const diskBytes = 32 * mebibyte;
const { uploadFloor } = spaceLimits(diskBytes);

/** What the clients were told. */
interface Ledger {
  /** The conversions whose videos the server has accepted, and that were not removed. */
  readonly accepted: Set<string>;
  /** How many videos were accepted and how many refused, in all. */
  acceptances: number;
  refused: number;
  readonly violations: string[];
}

/**
 * Fills the disk of a server at random moments, again and again, while clients upload in both ways, convert, sign in and remove.
 * Sometimes starts the server again on the full disk. At the end nothing that was accepted is lost, and nothing else is left.
 */
export async function fillAgainAndAgain(moments: number): Promise<void> {
  const random = createSeededRandom(chooseSeed(`${moments} full disks`));
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const disk = opened.use(await openSmallDisk(diskBytes));
  const sources = [
    await media.make({ container: 'wav', seconds: 30 }),
    await media.make({ container: 'mp4-index-first', seconds: 5 }),
    await media.make({ container: 'mkv', seconds: 60, audio: [{ codec: 'flac' }] }),
  ];
  const start = (): Promise<ServerProcess> =>
    startServerProcess({ dataFolder: join(disk.path, 'data'), launcher: disk.launcher });
  let server = await start();
  opened.defer(() => server.kill());
  const reserve = join(disk.here, 'data', 'reserve');
  const reserveBytes = (await stat(reserve)).size;
  const client = await makeAccount({ url: () => server.url });
  const ledger: Ledger = { accepted: new Set(), acceptances: 0, refused: 0, violations: [] };
  let isStopped = false;
  let isPaused = false;
  let busy = 0;
  const parts = { client, ledger, random };

  /** Repeats `work` until the end, and not while the server is started again. */
  async function again(work: () => Promise<void>): Promise<void> {
    while (!isStopped) {
      await delay(random.between(5, 50));
      if (isPaused) continue;
      busy += 1;
      await work().catch((error: unknown) => {
        if (!isBrokenConnection(error)) ledger.violations.push(String(error));
      });
      busy -= 1;
    }
  }
  const clients = [
    again(() => uploadForm(random.pick(sources), parts)),
    again(() => uploadResumable(random.pick(sources), parts)),
    again(async () => void (await signIn({ url: () => server.url, ...client }))),
    again(() => removeSome(parts)),
  ];

  for (let moment = 0; moment < moments; moment += 1) {
    await delay(random.between(100, 1000));
    await disk.fill(random.pick([0, 0, 100_000, mebibyte]));
    await delay(random.between(0, 800));
    if (moment % 5 === 4) {
      isPaused = true;
      await waitUntil('all requests are answered', () => busy === 0);
      await disk.fill();
      await (random.fraction() < 0.5 ? server.stop() : server.kill());
      server = await start();
      isPaused = false;
    }
    await disk.fill();
    await expectUsable(disk, client, ledger);
    await disk.empty();
    await waitUntil(
      'the server has much of its reserve again',
      async () => (await stat(reserve)).size > reserveBytes / 2,
    );
    expect(ledger.violations).toEqual([]);
  }

  isStopped = true;
  await Promise.all(clients);
  const rows = await waitUntil(
    'everything is done',
    async () => {
      const all = await client.conversions();
      return all.every(({ state }) => state === 'done') && all;
    },
    { seconds: 200, everyMilliseconds: 200 },
  );
  expect(rows.map(({ id }) => id).toSorted()).toEqual([...ledger.accepted].toSorted());
  for (const conversion of rows) await downloadAndCheck(client, conversion);
  const dataFolder = join(disk.here, 'data');
  await waitUntilTidy(dataFolder, rows);
  await waitUntil(
    'all are notified',
    async () => {
      const told = (await client.notifications()).flatMap(({ conversionIds }) => conversionIds);
      return rows.every(({ id }) => told.includes(id));
    },
    { seconds: 100 },
  );
  await fillByUploads(sources, parts);
  expect(ledger.violations).toEqual([]);
  await server.stop();
  await expectSettledData(dataFolder, { conversionIds: [] });
  expect(ledger.violations).toEqual([]);
  const { acceptances, refused } = ledger;
  console.log(`${acceptances} accepted, ${rows.length} of them kept, ${refused} refused`);
  // Otherwise this test has checked nothing.
  expect(acceptances).toBeGreaterThan(moments);
  expect(refused).toBeGreaterThan(0);
}

/** Uploads until nothing more fits, and then frees all space by removals. */
async function fillByUploads(sources: readonly string[], parts: ClientParts): Promise<void> {
  const { client, ledger, random } = parts;
  const before = ledger.refused;
  while (ledger.refused === before && ledger.violations.length === 0) await uploadForm(random.pick(sources), parts);
  await Promise.all([...ledger.accepted].map((id) => remove(client, id, ledger)));
  ledger.accepted.clear();
  for (const path of sources) await uploadForm(path, parts);
  expect(ledger.accepted.size).toBe(sources.length);
  await Promise.all([...ledger.accepted].map((id) => remove(client, id, ledger)));
  expect(await client.conversions()).toEqual([]);
}

/** On a disk with 0 bytes free, people can sign in and remove things, and the server says what is wrong. */
async function expectUsable(disk: SmallDisk, client: ApiClient, ledger: Ledger): Promise<void> {
  const before = await disk.freeBytes();
  const ready = await client.fetch('/readyz');
  const said = await ready.text();
  const after = await disk.freeBytes();
  // Meanwhile another client may have removed something.
  const isFull = Math.max(before, after) < uploadFloor;
  if (isFull && (ready.status !== 503 || !said.includes('The disk is full'))) {
    ledger.violations.push(`/readyz said ${ready.status} with ${after} bytes free: ${said}`);
  }
  await signIn({ url: () => ready.url.replace(/\/readyz$/, ''), email: client.email, password: client.password });
  const [id] = ledger.accepted;
  if (id === undefined) return;
  ledger.accepted.delete(id);
  await remove(client, id, ledger);
}

interface ClientParts {
  readonly client: ApiClient;
  readonly ledger: Ledger;
  readonly random: SeededRandom;
}

async function uploadForm(path: string, { client, ledger, random }: ClientParts): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(await readFile(path))]), basename(path));
  const declared = new Response(form);
  // Without a length, the server notices only while it writes.
  const body = random.fraction() < 0.5 ? await declared.arrayBuffer() : declared.body;
  const headers = { 'content-type': declared.headers.get('content-type') ?? '' };
  const answer = await client.fetch('/upload', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  const said = await answer.text();
  if (answer.status === 200) accept(ledger, JSON.parse(said).id);
  else if (answer.status === 507) ledger.refused += 1;
  else ledger.violations.push(`a form was answered with ${answer.status}: ${said}`);
}

const tus = { 'tus-resumable': '1.0.0' };
const pieceBytes = mebibyte;

async function uploadResumable(path: string, { client, ledger }: ClientParts): Promise<void> {
  const bytes = new Uint8Array(await readFile(path));
  const filename = Buffer.from(`resumable${extname(path)}`).toString('base64');
  const created = await client.fetch('/api/v1/uploads', {
    method: 'POST',
    headers: { ...tus, 'upload-length': String(bytes.byteLength), 'upload-metadata': `filename ${filename}` },
  });
  await created.body?.cancel();
  const id = created.headers.get('x-conversion-id');
  if (created.status === 507) ledger.refused += 1;
  else if (created.status !== 201)
    ledger.violations.push(`the creation of an upload was answered with ${created.status}`);
  if (id === null) return;
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    const answer = await client.fetch(`/api/v1/uploads/${id}`, {
      method: 'PATCH',
      headers: { ...tus, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
      body: bytes.subarray(offset, offset + pieceBytes),
    });
    const said = await answer.text();
    if (answer.status === 204) continue;
    if (answer.status === 507) ledger.refused += 1;
    else ledger.violations.push(`a piece was answered with ${answer.status}: ${said}`);
    const { status } = await client.fetch(`/api/v1/uploads/${id}`, { method: 'HEAD', headers: tus });
    if (status !== 404) ledger.violations.push(`a refused upload is still there: ${status}`);
    return;
  }
  accept(ledger, id);
}

function accept(ledger: Ledger, id: string): void {
  ledger.accepted.add(id);
  ledger.acceptances += 1;
}

/** Removes a conversion once there are several. */
async function removeSome({ client, ledger, random }: ClientParts): Promise<void> {
  if (ledger.accepted.size < 6) return;
  const id = random.pick([...ledger.accepted]);
  ledger.accepted.delete(id);
  await remove(client, id, ledger);
}

async function remove(client: ApiClient, id: string, ledger: Ledger): Promise<void> {
  const answer = await client.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
  if (answer.status !== 204)
    ledger.violations.push(`a removal was answered with ${answer.status}: ${await answer.text()}`);
}
