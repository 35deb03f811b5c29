import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { openServerStand, type ServerStand } from '../../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import { openListStand } from '../../tests/list-stand.ts';
import { openServerBackend } from '../../tests/server-backend.ts';

const creation = 'POST /api/v1/uploads';
const script = join(import.meta.dirname, '../../tests/run-server-list.ts');

const running = new AsyncDisposableStack();
let media: MediaFolder;
let server: ServerStand;
let folder: string;
let video: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  server = running.use(await openServerStand());
});
afterAll(() => running.disposeAsync());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-lost-creation-'));
  video = join(folder, 'talk.mkv');
  await copyFile(await media.make({ container: 'mkv', seconds: 2, audio: [{ codec: 'flac' }], picture: false }), video);
  for (const { id } of await server.account.conversions()) {
    await server.account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
  }
  server.line.deafTo = creation;
});
afterEach(async () => {
  server.line.deafTo = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function states(): Promise<readonly string[]> {
  return (await server.account.conversions()).map(({ state }) => state);
}

async function untilCreated(): Promise<void> {
  await waitUntil('the server has created the upload', async () => (await states()).length > 0);
}

function startList(): ChildProcess {
  const { email, password } = server.account;
  return spawn(process.execPath, [script, join(folder, 'data'), video, server.line.url, email, password], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

it('a list that is killed before it hears of its upload makes no second one', { timeout: 90_000 }, async () => {
  const killed = startList();
  await untilCreated();
  killed.kill('SIGKILL');
  await once(killed, 'close');
  expect(await states()).toEqual(['uploading']);
  server.line.deafTo = undefined;
  const [code] = await once(startList(), 'close');
  expect(code).toBe(0);
  expect(await states()).toEqual(['done']);
  expect(await readdir(folder)).toContain('talk.mp3');
});

it('an entry that is cancelled before the list hears of its upload leaves nothing', { timeout: 60_000 }, async () => {
  await using backend = openServerBackend(server);
  await backend.signIn();
  await using stand = await openListStand({ others: backend, current: backend.key });
  await stand.list.add([video]);
  await untilCreated();
  await stand.list.cancel(stand.row('talk.mkv')?.id ?? '');
  server.line.deafTo = undefined;
  server.line.cut();
  await waitUntil('nothing is left', async () => (await states()).length === 0);
  await stand.until('talk.mkv', 'cancelled');
});
