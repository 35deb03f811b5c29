import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { startBackendOnNode } from '../../../backend/tests/running/backend-on-node.ts';
import { makeHeldFfmpeg } from '../../../backend/tests/running/held-ffmpeg.ts';
import { processesWorkingIn } from '../../../backend/tests/running/processes.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { LocalChannel } from '../../../shared/local-channel.ts';
import { openCopyingChannel } from '../../tests/copying-channel.ts';
import { type BackendHost, startBackendHost } from './backend-host.ts';
import type { BackendStart } from './backend-start.ts';
import type { ChannelPort } from './channel-messages.ts';
import type { BackendProcess } from './keep-process.ts';
import { serveChannel } from './serve-channel.ts';

const options = { format: 'mp3' } as const;
const silent = pino({ level: 'silent' });
const running = new AsyncDisposableStack();
let media: MediaFolder;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
});
afterAll(() => running.disposeAsync());

interface Opened extends AsyncDisposable {
  readonly host: BackendHost;
  readonly processes: readonly ChildProcess[];
  readonly dataFolder: string;
}

async function open(changes: Partial<BackendStart> = {}, frozenSeconds = 60): Promise<Opened> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-host-'));
  const processes: ChildProcess[] = [];
  const start: BackendStart = { dataFolder, atOnce: 1, logLevel: 'silent', ...changes };
  const host = startBackendHost({
    start() {
      const started = startBackendOnNode(start);
      processes.push(started.child);
      return started;
    },
    log: silent,
    pauses: { first: 0.1, longest: 0.5 },
    frozenSeconds,
  });
  return {
    host,
    processes,
    dataFolder,
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

describe('this computer’s backend in its own process', () => {
  it('converts a file in place, sends events about it, and opens no port', async () => {
    await using opened = await open();
    const { host, processes } = opened;
    const heard: ServerEvent[] = [];
    host.channel.subscribe((event) => void heard.push(event));
    const path = await media.make({ container: 'mp4', seconds: 2 });
    const { id } = await host.channel.submit({ id: randomUUID(), path, fileName: 'talk.mp4', options });
    await waitUntil('it is done', async () => (await host.channel.get(id)).state === 'done');
    expect(await host.channel.result(id)).toMatchObject({ path: expect.stringContaining(opened.dataFolder) });
    await waitUntil('it was told', () => heard.some(({ type }) => type === 'notification'));
    expect(host.state()).toEqual({ kind: 'ready' });
    expect(await listeningPorts(processes[0]?.pid ?? 0)).toEqual([]);
  });

  it('passes on refusals unchanged', async () => {
    await using opened = await open();
    const { channel } = opened.host;
    await expect(channel.get('nothing')).rejects.toMatchObject({ code: 'not_found' });
    const missing = { id: randomUUID(), path: '/nowhere/a.mp4', fileName: 'a.mp4', options };
    await expect(channel.submit(missing)).rejects.toMatchObject({ code: 'source_missing' });
    const bad = { id: randomUUID(), path: '', fileName: '', options } as const;
    await expect(channel.submit(bad)).rejects.toMatchObject({ code: 'internal' });
  });

  it('restarts after a kill -9, resumes its work, and answers calls in progress', async () => {
    const ffmpeg = await makeHeldFfmpeg(media.path);
    await ffmpeg.hold();
    await using opened = await open({ ffmpegPath: ffmpeg.path });
    const { host, processes } = opened;
    const path = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
    const { id } = await host.channel.submit({ id: randomUUID(), path, fileName: 'lecture.mkv', options });
    await waitUntil('it converts', async () => (await host.channel.get(id)).state === 'converting');
    const asking = Array.from({ length: 20 }, async () => await host.channel.get(id));
    processes[0]?.kill('SIGKILL');
    for (const answer of await Promise.all(asking)) expect(answer.id).toBe(id);
    await ffmpeg.release();
    await waitUntil('it is done', async () => (await host.channel.get(id)).state === 'done');
    expect(processes).toHaveLength(2);
  });

  it.each(['converts', 'starts'])('is started again when it freezes while it %s', async (when) => {
    await using opened = await open({}, 12);
    const { host, processes } = opened;
    const path = await media.make({ container: 'mp4', seconds: 2 });
    if (when === 'converts') await host.channel.get('nothing').catch(() => undefined);
    processes[0]?.kill('SIGSTOP');
    const submitting = host.channel.submit({ id: randomUUID(), path, fileName: 'talk.mp4', options });
    await waitUntil('it says that it starts', () => host.state().kind === 'starting');
    const { id } = await submitting;
    await waitUntil('it is done', async () => (await host.channel.get(id)).state === 'done');
    expect(processes).toHaveLength(2);
    expect(processes[0]?.signalCode).toBe('SIGKILL');
  });

  it('is not taken for frozen while it has nothing to do', async () => {
    await using opened = await open({}, 12);
    await opened.host.channel.get('nothing').catch(() => undefined);
    await delay(15_000);
    await opened.host.channel.get('nothing').catch(() => undefined);
    expect(opened.processes).toHaveLength(1);
  });

  it('makes one conversion of a submission during which the process died', async () => {
    await using opened = await open();
    const { host, processes } = opened;
    const path = await media.make({ container: 'mp4', seconds: 2 });
    const first = await host.channel.submit({ id: randomUUID(), path, fileName: 'first.mp4', options });
    const submission = { id: randomUUID(), path, fileName: 'talk.mp4', options };
    const submitting = host.channel.submit(submission);
    processes[0]?.kill('SIGKILL');
    expect((await submitting).id).toBe(submission.id);
    await waitUntil('both are done', async () => {
      const states = [first.id, submission.id].map(async (id) => (await host.channel.get(id)).state);
      return (await Promise.all(states)).every((state) => state === 'done');
    });
  });

  it('gives a sentence that says why it cannot start', async () => {
    await using opened = await open({ ffmpegPath: '/nowhere/ffmpeg' });
    const { host } = opened;
    await waitUntil('it is broken', () => host.state().kind === 'broken');
    expect(host.state()).toMatchObject({ problem: expect.stringContaining('ffmpeg') });
    await expect(host.channel.get('a')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ends with its app, and ffmpeg with it', async () => {
    const ffmpeg = await makeHeldFfmpeg(media.path);
    await ffmpeg.hold();
    await using opened = await open({ ffmpegPath: ffmpeg.path });
    const { host, processes, dataFolder } = opened;
    const path = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
    const { id } = await host.channel.submit({ id: randomUUID(), path, fileName: 'lecture.mkv', options });
    await waitUntil('ffmpeg runs', async () => (await host.channel.get(id)).progress > 0);
    // Like a killed app: a port without another end.
    processes[0]?.disconnect();
    await waitUntil('it has ended', () => processes[0]?.exitCode !== null);
    await waitUntil('ffmpeg has ended too', async () => (await processesWorkingIn(dataFolder)).length === 0);
  });
});

describe('a call that succeeded, but whose process died before it answered', () => {
  it.each([
    ['cancel', { state: 'cancelled' }],
    ['remove', undefined],
  ] as const)('is answered with its outcome: %s', async (name, answer) => {
    await using served = await openCopyingChannel(() => 'converting');
    await served.submit({ id: 'a', path: import.meta.filename, fileName: 'talk.mp4', options });
    let starts = 0;
    let die = (): void => {};
    await using host = startBackendHost({
      start() {
        starts += 1;
        return startInThisProcess(starts === 1 ? { ...served, [name]: () => workAndDie() } : refusing(served));
      },
      log: silent,
      pauses: { first: 0, longest: 0 },
    });
    async function workAndDie(): Promise<never> {
      await served[name]('a');
      die();
      return await new Promise(() => {});
    }
    function startInThisProcess(channel: LocalChannel): BackendProcess {
      const { port1: near, port2: far } = new MessageChannel();
      const end = (): void => far.close();
      die = end;
      serveChannel({ channel, port: toChannelPort(far), onPlaces: () => {}, onEnd: end, onDefect: () => {} });
      const onGone = (listener: () => void): void => void near.once('close', listener);
      return { port: toChannelPort(near), onGone, kill: end };
    }
    const found = await host.channel[name]('a');
    if (answer === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(answer);
    expect(starts).toBe(2);
  });
});

/** A real backend refuses to cancel an ended conversion. The stand-in does not. */
function refusing(channel: LocalChannel): LocalChannel {
  return { ...channel, cancel: () => Promise.reject(new AppError('wrong_state', 'It has ended.')) };
}

function toChannelPort(port: MessagePort): ChannelPort {
  return {
    post: (message) => port.postMessage(message),
    listen: (onMessage, onClose) => void port.on('message', onMessage).on('close', onClose),
    close: () => port.close(),
  };
}

/** The TCP sockets on which a process listens, by their inodes. */
async function listeningPorts(pid: number): Promise<readonly string[]> {
  const { readdir, readFile, readlink } = await import('node:fs/promises');
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map(async (name) => await readlink(join(folder, name)).catch(() => '')),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(async (name) => await readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const listening = '0A';
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[3] === listening && inodes.has(words[9] ?? ''))
    .map((words) => words[1] ?? '');
}
