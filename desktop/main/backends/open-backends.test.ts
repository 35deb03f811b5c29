import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { makeAccount } from '../../../backend/tests/running/api-client.ts';
import { type BackendsStand, openBackendsStand } from '../../../backend/tests/running/backends-stand.ts';
import { makeHeldFfmpeg } from '../../../backend/tests/running/held-ffmpeg.ts';
import { processesWorkingIn } from '../../../backend/tests/running/processes.ts';
import { openServerStand, type ServerStand } from '../../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { BackendStatus } from '../../ipc.ts';
import { keepSettingsInMemory } from '../../tests/settings-in-memory.ts';
import type { KnownBackend } from './backends.ts';
import { adviseAtOnce } from './this-computer.ts';

const running = new AsyncDisposableStack();
const options = { format: 'mp3' } as const;
const never = new AbortController().signal;
let stand: ServerStand;
let media: MediaFolder;
let talk: { readonly path: string; readonly fileName: string; readonly bytes: number };

beforeAll(async () => {
  stand = running.use(await openServerStand());
  media = running.use(await openMediaFolder());
  const { stat } = await import('node:fs/promises');
  const path = await media.make({ container: 'mp4', seconds: 2 });
  talk = { path, fileName: 'talk.mp4', bytes: (await stat(path)).size };
});
afterAll(() => running.disposeAsync());
afterEach(() => {
  stand.line.down = false;
  stand.line.deaf = false;
});

/** Suspends every ffmpeg of the backend with this data folder. Disposing of the result lets them continue. */
async function stopConverting(dataFolder: string): Promise<AsyncDisposable> {
  const stopped = (await processesWorkingIn(dataFolder)).filter(({ name }) => name.startsWith('ffmpeg'));
  if (stopped.length === 0) throw new Error('nothing converts');
  for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
  return {
    async [Symbol.asyncDispose]() {
      for (const { pid } of stopped.splice(0)) process.kill(pid, 'SIGCONT');
    },
  };
}

type ServerStatus = Extract<BackendStatus, { readonly kind: 'server' }>;

/** Signed in over the line of `stand`. */
async function openSignedIn(): Promise<BackendsStand> {
  const opened = await openBackendsStand();
  await signIn(opened);
  await waitUntil('it is connected', () => opened.backends.current()?.reachable());
  return opened;
}

async function signIn({ backends }: BackendsStand, account = stand.account): Promise<void> {
  const { email, password } = account;
  expect(await backends.signIn({ address: stand.line.url, email, password })).toEqual({ ok: true });
}

function currentOf({ backends }: BackendsStand): KnownBackend {
  const current = backends.current();
  if (current === undefined) throw new Error('there is no backend');
  return current;
}

function statusOf({ backends }: BackendsStand): ServerStatus {
  return backends.status() as ServerStatus;
}

describe('a server', () => {
  it('converts, and sends events about it', async () => {
    await using opened = await openSignedIn();
    const { backend } = currentOf(opened);
    const heard: ServerEvent['type'][] = [];
    backend.follow(({ type }) => void heard.push(type));
    const batch = { batchId: crypto.randomUUID(), batchSize: 1 };
    const { id } = await backend.submit({ file: talk, options, batch }, never);
    const isNew = () => opened.heard.find((event) => event.type === 'new');
    const { notification } = await waitUntil('its notification', isNew);
    expect(notification.conversionIds).toEqual([id]);
    expect(heard).toContain('conversion');
    await backend.markRead([notification.id]);
    await waitUntil('the event that it was read', () =>
      opened.heard.some((event) => event.type === 'read' && event.ids.includes(notification.id)),
    );
  });

  it('that is unreachable shows the time of the next try, reconnects by itself, and delivers what was missed', async () => {
    await using opened = await openSignedIn();
    const { backends } = opened;
    let changes = 0;
    backends.follow(() => void (changes += 1));
    const key = backends.currentKey();
    const before = Date.now();
    stand.line.down = true;
    stand.line.cut();
    const nextTryAt = await waitUntil('it is offline', () => {
      const status = statusOf(opened);
      return status.connection === 'offline' && status.nextTryAt;
    });
    expect(nextTryAt).toBeGreaterThan(before);
    expect(backends.current()?.reachable()).toBe(false);
    expect(changes).toBeGreaterThan(0);
    const ids = (await stand.account.conversions()).map(({ id }) => id);
    const told = new Set<string>();
    currentOf(opened).backend.follow((event) => {
      if (event.type === 'conversion') told.add(event.conversion.id);
    });
    const { id } = await stand.account.upload(talk.path, 'meanwhile.mp4');
    stand.line.down = false;
    backends.tryNow();
    await waitUntil('it is connected', () => statusOf(opened).connection === 'connected');
    await waitUntil('an event about it', () => told.has(id));
    expect(ids).not.toContain(id);
    expect(backends.currentKey()).toBe(key);
    await stand.account.ended(id);
  });

  it('is shown as connected while only its socket breaks', async () => {
    await using opened = await openSignedIn();
    const seen: string[] = [];
    opened.backends.follow(() => void seen.push(statusOf(opened).connection));
    const before = stand.line.connections;
    stand.line.cut();
    await waitUntil('it has connected again', () => stand.line.connections > before + 1);
    await waitUntil('it has asked again', () => seen.length > 1);
    expect(new Set(seen)).toEqual(new Set(['connected']));
  });

  it('is connected again after it was restarted', async () => {
    await using own = await openServerStand();
    await using opened = await openBackendsStand();
    const { email, password } = own.account;
    await opened.backends.signIn({ address: own.line.url, email, password });
    await waitUntil('it is connected', () => opened.backends.current()?.reachable());
    await own.server().kill();
    await waitUntil('it is offline', () => statusOf(opened).connection === 'offline');
    await own.startAgain();
    await waitUntil('it is connected', () => opened.backends.current()?.reachable());
    const { backend } = currentOf(opened);
    const { id } = await backend.submit({ file: talk, options }, never);
    await waitUntil('it is done', async () => (await backend.get(id)).state === 'done');
  });

  it('that does not answer after sleep is noticed when the app checks the connection', async () => {
    await using opened = await openSignedIn();
    // The event stream is known to be open once an event has arrived.
    const told = new Set<string>();
    currentOf(opened).backend.follow((event) => {
      if (event.type === 'conversion') told.add(event.conversion.id);
    });
    const { id } = await stand.account.upload(talk.path, 'before.mp4');
    await waitUntil('an event about it', () => told.has(id));
    await stand.account.ended(id);
    stand.line.deaf = true;
    opened.backends.tryNow();
    await waitUntil('it is offline', () => statusOf(opened).connection === 'offline');
    stand.line.deaf = false;
    stand.line.cut();
    await waitUntil('it is connected', () => statusOf(opened).connection === 'connected');
  });

  it('that ended the session leaves address and e-mail, and work continues after the next sign-in', async () => {
    await using own = await openServerStand();
    await using opened = await openBackendsStand();
    const { email, password } = own.account;
    const form = { address: own.line.url, email, password };
    await opened.backends.signIn(form);
    await waitUntil('it is connected', () => opened.backends.current()?.reachable());
    const { key } = currentOf(opened);
    const changed = { old: password, new: 'a password that is new' };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(changed);
    const answer = await own.account.fetch('/api/v1/me/password', { method: 'POST', headers, body });
    expect(answer.status).toBe(204);
    own.line.cut();
    await waitUntil('it is signed out', () => statusOf(opened).connection === 'signed_out');
    expect(statusOf(opened)).toMatchObject({ host: new URL(own.line.url).host, email });
    expect(statusOf(opened)).not.toHaveProperty('leftOnPurpose');
    expect([opened.backends.current(), opened.backends.of(key)]).toEqual([undefined, undefined]);
    expect(opened.backends.hostOf(key)).toBe(new URL(own.line.url).host);
    expect(opened.backends.currentKey()).toBe(key);
    expect(await opened.secrets.read('sign-in')).toBeUndefined();
    expect(await opened.backends.signIn({ ...form, password: changed.new })).toEqual({ ok: true });
    await waitUntil('it is connected', () => opened.backends.of(key)?.reachable());
  });
});

describe('several backends', () => {
  it('have only one signed-in account at a time', async () => {
    await using opened = await openSignedIn();
    const { backends } = opened;
    const first = currentOf(opened).key;
    const other = await makeAccount({ url: () => stand.line.url });
    await signIn(opened, other);
    const second = currentOf(opened).key;
    expect(second).not.toBe(first);
    expect([backends.of(first), backends.of(second)?.key]).toEqual([undefined, second]);
    await signIn(opened);
    expect([backends.of(first)?.key, backends.of(second)]).toEqual([first, undefined]);
  });

  it('finish the videos on a server while new ones stay on this computer, also after a restart', async () => {
    await using opened = await openSignedIn();
    const { backends } = opened;
    const { key } = currentOf(opened);
    await backends.useThisComputer();
    expect(backends.status()).toMatchObject({ kind: 'here', advisedAtOnce: adviseAtOnce() });
    expect(backends.current()?.key).toBe('here');
    expect(backends.of(key)?.reachable()).toBe(true);
    await using again = await opened.startAgain();
    expect(again.backends.current()?.key).toBe('here');
    await waitUntil('the server is connected too', () => again.backends.of(key)?.reachable());
    expect(again.processes).toHaveLength(1);
  });
});

describe('this computer', () => {
  it('converts, shows its state, and delivers notifications', async () => {
    await using opened = await openBackendsStand({ backend: { kind: 'here' } });
    const { backends } = opened;
    expect(backends.status()).toMatchObject({ kind: 'here', state: 'starting' });
    const { backend } = currentOf(opened);
    const batch = { batchId: crypto.randomUUID(), batchSize: 1 };
    const onBegun = (): void => {};
    const { id } = await backend.submit({ file: talk, options, batch, resumable: { onBegun } }, never);
    expect(backends.status()).toMatchObject({ kind: 'here', state: 'ready' });
    await waitUntil('its notification', () => opened.heard.some(({ type }) => type === 'new'));
    await backend.remove(id);
    expect(backends.hostOf('here')).toBeUndefined();
  });

  it('delivers what was missed while its process was dead', async () => {
    const ffmpeg = await makeHeldFfmpeg(media.path);
    await ffmpeg.hold();
    await using opened = await openBackendsStand({ backend: { kind: 'here' }, ffmpegPath: ffmpeg.path });
    const { backend } = currentOf(opened);
    const path = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
    const { id } = await backend.submit({ file: { ...talk, path }, options }, never);
    await waitUntil('it converts', async () => (await backend.get(id)).state === 'converting');
    const heard: string[] = [];
    backend.follow((event) => {
      if (event.type === 'conversion') heard.push(event.conversion.state);
    });
    opened.processes[0]?.kill();
    await waitUntil('a new event about it', () => heard.length > 0);
    expect((await backend.cancel(id)).state).toBe('cancelled');
  });

  it('changes how many videos it converts at once, and loses no progress', async () => {
    const ffmpeg = await makeHeldFfmpeg(media.path);
    await ffmpeg.hold();
    await using opened = await openBackendsStand({
      backend: { kind: 'here' },
      settings: keepSettingsInMemory({ backend: { kind: 'here' }, atOnce: 1 }),
      ffmpegPath: ffmpeg.path,
    });
    const { backend } = currentOf(opened);
    const path = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
    const progress = new Map<string, number[]>();
    backend.follow((event) => {
      if (event.type === 'progress') progress.get(event.id)?.push(event.progress);
      if (event.type === 'conversion') progress.get(event.conversion.id)?.push(event.conversion.progress);
    });
    const submit = async (file: typeof talk): Promise<string> => {
      const { id } = await backend.submit({ file, options }, never);
      progress.set(id, []);
      return id;
    };
    const stateOf = async (id: string): Promise<string> => (await backend.get(id)).state;

    const ids = [await submit({ ...talk, path }), await submit(talk), await submit(talk)] as const;
    await waitUntil('it has some progress', () => (progress.get(ids[0])?.at(-1) ?? 0) > 0);
    await using stopped = await stopConverting(opened.starts[0]?.dataFolder ?? '');
    await ffmpeg.release();
    expect(await Promise.all(ids.map(stateOf))).toEqual(['converting', 'queued', 'queued']);
    opened.settings.change({ atOnce: 2 });
    await waitUntil('the others are done', async () => (await stateOf(ids[2])) === 'done');
    expect(await Promise.all(ids.map(stateOf))).toEqual(['converting', 'done', 'done']);
    opened.settings.change({ atOnce: 1 });
    await stopped[Symbol.asyncDispose]();
    await waitUntil('the first is done too', async () => (await stateOf(ids[0])) === 'done');

    for (const id of ids) {
      const seen = progress.get(id) ?? [];
      expect(seen).toEqual(seen.toSorted((one, other) => one - other));
      expect((await backend.get(id)).attempt).toBe(1);
    }
    expect(opened.starts).toHaveLength(1);
  });

  it('restarts with the latest number of videos at once', async () => {
    await using opened = await openBackendsStand({ backend: { kind: 'here' } });
    await waitUntil('it is ready', async () => await currentOf(opened).backend.notifications());
    opened.settings.change({ atOnce: 3 });
    opened.processes[0]?.kill();
    await waitUntil('it was started again', () => opened.starts.length > 1);
    expect(opened.starts.map(({ atOnce }) => atOnce)).toEqual([adviseAtOnce(), 3]);
  });

  it('says how to install ffmpeg if it is missing', async () => {
    await using opened = await openBackendsStand({ backend: { kind: 'here' }, ffmpegPath: '/nowhere/ffmpeg' });
    const broken = () => {
      const status = opened.backends.status();
      return status.kind === 'here' && status.state === 'broken' && status;
    };
    expect((await waitUntil('it is broken', broken)).problem).toContain('Install it with');
    expect(currentOf(opened).reachable()).toBe(false);
  });

  it.each([
    [1, 1],
    [2, 1],
    [8, 4],
    [64, 8],
  ])('with %i processors is advised to convert %i at once', (processors, expected) => {
    expect(adviseAtOnce(processors)).toBe(expected);
  });
});
