import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { openClusterStand } from '../../backend/tests/running/cluster-stand.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import { commandLineEntry } from '../../backend/tests/running/server-process.ts';
import { openServerStand, type RemoteStand } from '../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { conversionSchema } from '../../shared/api.ts';
import { serverEventSchema } from '../../shared/events.ts';

describe.each([
  ['a server in a single process', openServerStand],
  ['a cluster', openClusterStand],
])('over %s,', (_name, openStand) => {
  const running = new AsyncDisposableStack();
  let media: MediaFolder;
  let stand: RemoteStand;
  let ffmpeg: HeldFfmpeg;
  /** Long enough for a held ffmpeg. */
  let lecture: string;
  /** Where the command is called from, with its settings. */
  let home: string;
  let config: string;

  beforeAll(async () => {
    media = running.use(await openMediaFolder());
    lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
    ffmpeg = await makeHeldFfmpeg(media.path);
    const environment = { MAX_UPLOAD_BYTES: String(5e9), ...ffmpeg.environment };
    stand = running.use(await openStand({ environment }));
  });
  afterAll(() => running.disposeAsync());
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'soundlift-cli-server-'));
    config = path.join(home, '.config');
  });
  afterEach(async () => {
    stand.line.release();
    await ffmpeg.release();
    await rm(home, { recursive: true, force: true });
  });

  function start(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [commandLineEntry, ...words], {
      cwd: home,
      env: { ...process.env, SOUNDLIFT_CONFIG: config, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    const ended = once(child, 'close').then(() => ({ code: child.exitCode, out, err }));
    return { child, ended, out: () => out };
  }

  async function soundlift(...words: readonly string[]) {
    return await start(words).ended;
  }

  function credentials(password = stand.account.password): NodeJS.ProcessEnv {
    return { SOUNDLIFT_EMAIL: stand.account.email, SOUNDLIFT_PASSWORD: password };
  }

  async function login(): Promise<void> {
    expect(await start(['login', stand.line.url], credentials()).ended).toMatchObject({ code: 0, err: '' });
  }

  /** The only file that stores a sign-in. */
  async function keptFile(): Promise<string> {
    const name = (await readdir(config)).find((one) => one.startsWith('sign-in-'));
    if (name === undefined) throw new Error('nothing is kept');
    return path.join(config, name);
  }

  /** As if a quarter of an hour had passed. */
  async function age(): Promise<void> {
    const file = await keptFile();
    const kept = await readFile(file, 'utf8');
    await writeFile(file, kept.replace(/"expiresAt": "[^"]+"/, '"expiresAt": "2020-01-01T00:00:00.000Z"'));
  }

  async function put(name: string, from: string): Promise<string> {
    const file = path.join(home, name);
    await copyFile(from, file);
    return file;
  }

  async function conversionIds(): Promise<readonly string[]> {
    return (await stand.account.conversions()).map(({ id }) => id);
  }

  describe('soundlift login', () => {
    it('stores the sign-in, readable only by its owner, and no password', async () => {
      const { code, out, err } = await start(['login', stand.line.url], credentials()).ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toBe(`Signed in to ${new URL(stand.line.url).host} as ${stand.account.email}.\n`);
      expect((await stat(config)).mode & 0o777).toBe(0o700);
      for (const name of await readdir(config)) {
        expect((await stat(path.join(config, name))).mode & 0o777).toBe(0o600);
        expect(await readFile(path.join(config, name), 'utf8')).not.toContain(stand.account.password);
      }
    });

    it('says that the password is wrong, and stores nothing', async () => {
      const { code, out, err } = await start(['login', stand.line.url], credentials('not the password')).ended;
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/^[^\n]*password[^\n]*\n$/);
      expect(await readdir(home)).toEqual([]);
    });

    it('asks for nothing without a terminal', async () => {
      const { code, err } = await start(['login', stand.line.url], { SOUNDLIFT_EMAIL: stand.account.email }).ended;
      expect(code).toBe(2);
      expect(err).toMatch(/Set SOUNDLIFT_PASSWORD/);
    });

    it('says so if nothing answers', async () => {
      const { code, err } = await start(['login', 'http://127.0.0.1:1'], credentials()).ended;
      expect(code).toBe(1);
      expect(err).toMatch(/^127\.0\.0\.1:1 refused the connection\./);
    });

    it('lasts: later commands get new tokens, even two at the same time', async () => {
      await login();
      for (let round = 0; round < 2; round += 1) {
        await age();
        const both = await Promise.all([soundlift('list'), soundlift('list')]);
        for (const { code, err } of both) expect({ code, err }).toEqual({ code: 0, err: '' });
      }
    });

    it('sets a damaged stored sign-in aside and says so', async () => {
      await login();
      const file = await keptFile();
      await writeFile(file, '{"url": "htt');
      const { code, err } = await soundlift('list');
      expect(code).toBe(1);
      expect(err).toMatch(/could not be understood and was set aside.*\nYou are not signed in to /);
      expect(await readFile(`${file}.broken`, 'utf8')).toBe('{"url": "htt');
    });
  });

  describe('soundlift logout', () => {
    it('ends the session on the server and deletes it here', async () => {
      await login();
      const kept = await readFile(await keptFile(), 'utf8');
      const [, token = ''] = /"accessToken": "([^"]+)"/.exec(kept) ?? [];
      const me = () => stand.account.fetch('/api/v1/me', { headers: { authorization: `Bearer ${token}` } });
      expect((await me()).status).toBe(200);
      expect(await soundlift('logout')).toMatchObject({
        code: 0,
        out: `Signed out of ${new URL(stand.line.url).host}.\n`,
      });
      expect((await me()).status).toBe(401);
      expect(await readdir(config)).toEqual([]);
      expect((await soundlift('list')).err).toMatch(/^You are not signed in to any server\./);
    });

    it('deletes it here even if the server cannot be reached', async () => {
      await login();
      stand.line.down = true;
      const { code } = await soundlift('logout');
      stand.line.down = false;
      expect(code).toBe(1);
      expect(await readdir(config)).toEqual([]);
    });
  });

  describe('soundlift convert --server', () => {
    it('converts on the server, saves here, and keeps the conversion in the history', async () => {
      await login();
      await put('talk.mp4', await media.make({ container: 'mp4', seconds: 2 }));
      await put('bad.mp4', await media.makeBroken('text'));
      const { code, out, err } = await soundlift(
        'convert',
        'talk.mp4',
        'bad.mp4',
        '--server',
        stand.line.url,
        '--whole',
      );
      expect(code).toBe(1);
      expect(out).toMatch(/^talk\.mp4 -> talk\.mp3 \(0:02, [0-9.]+ kB\)$/m);
      expect(err).toMatch(/^bad\.mp4: \S.*\.\n$/);
      expect((await decodeSound(path.join(home, 'talk.mp3'))).seconds).toBeCloseTo(2, 1);
      const listed = await soundlift('list');
      expect(listed.out).toMatch(/done +talk\.mp4 {2}\S+$/m);
      expect(listed.out).toMatch(/failed +bad\.mp4 {2}\S+$/m);
    });

    it('writes the events of the server and the saved MP3s as JSON', async () => {
      await login();
      const talk = await put('talk.mp4', await media.make({ container: 'mp4', seconds: 2 }));
      const { code, out } = await soundlift('convert', 'talk.mp4', '--server', stand.line.url, '--json');
      expect(code).toBe(0);
      const events = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly type: string });
      const target = path.join(home, 'talk.mp3');
      const saved = { type: 'saved', source: talk, target, bytes: (await stat(target)).size };
      expect(events.find(({ type }) => type === 'saved')).toMatchObject(saved);
      const frames = events.filter(({ type }) => type !== 'saved').map((event) => serverEventSchema.parse(event));
      const states = frames.flatMap((frame) => (frame.type === 'conversion' ? frame.conversion.state : []));
      expect(states.at(-1)).toBe('done');
    });

    it('signs in for one command with given credentials, and leaves no session behind', async () => {
      await put('talk.mp4', await media.make({ container: 'mp4', seconds: 2 }));
      const before = await stand.sessions();
      const { code, err } = await start(['convert', 'talk.mp4', '--server', stand.line.url], credentials()).ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(await stand.sessions()).toEqual(before);
      expect((await readdir(home)).sort()).toEqual(['talk.mp3', 'talk.mp4']);
    });

    it('says how to sign in if nobody is signed in', async () => {
      await put('talk.mp4', await media.make({ container: 'mp4', seconds: 2 }));
      const { code, out, err } = await soundlift('convert', 'talk.mp4', '--server', stand.line.url);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/^You are not signed in to \S+\. Sign in with soundlift login/);
    });

    it('refuses 10 GB before the first byte if the server accepts 5 GB', async () => {
      await login();
      await using film = await open(path.join(home, 'film.mp4'), 'w');
      await film.truncate(10e9);
      const before = stand.line.sentBytes;
      const { code, err } = await soundlift('convert', 'film.mp4', '--server', stand.line.url);
      expect(code).toBe(1);
      expect(err).toMatch(/^film\.mp4: Larger than the 5 GB that \S+ accepts\./);
      expect(stand.line.sentBytes - before).toBeLessThan(5000);
    });

    it.each(['while it is converted', 'while it is sent'] as const)(
      'also cancels on the server when it is stopped %s, and leaves nothing behind',
      async (when) => {
        await login();
        const before = await conversionIds();
        await put('lecture.mkv', lecture);
        if (when === 'while it is sent') stand.line.hold(50_000);
        else await ffmpeg.hold();
        const run = start(['convert', 'lecture.mkv', '--server', stand.line.url, '--json']);
        const sought = when === 'while it is sent' ? /"state":"uploading"/ : /"progress":0\.[0-9]*[1-9]/;
        await waitUntil(when, () => sought.test(run.out()));
        run.child.kill('SIGINT');
        const { code, err } = await run.ended;
        expect({ code, err }).toEqual({ code: 130, err: 'Stopped.\n' });
        expect(await conversionIds()).toEqual(before);
        expect((await readdir(home)).sort()).toEqual(['.config', 'lecture.mkv']);
      },
    );

    it('continues after the server was killed and restarted', async () => {
      await login();
      await put('lecture.mkv', lecture);
      await ffmpeg.hold();
      const run = start(['convert', 'lecture.mkv', '--server', stand.line.url, '--json']);
      await waitUntil('it is being converted', () => /"progress":0\.[0-9]*[1-9]/.test(run.out()));
      await stand.kill();
      await stand.startAgain();
      await ffmpeg.release();
      const { code, err } = await run.ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect((await decodeSound(path.join(home, 'lecture.mp3'))).seconds).toBeCloseTo(20, 0);
    });
  });

  describe('soundlift list and cancel', () => {
    it('list conversions as JSON, newest first', async () => {
      await login();
      const { code, out } = await soundlift('list', '--json');
      expect(code).toBe(0);
      const listed = out
        .trimEnd()
        .split('\n')
        .map((line) => conversionSchema.parse(JSON.parse(line)).id);
      expect(listed).toEqual(await conversionIds());
    });

    it('cancel a running conversion, and say why if it cannot be cancelled', async () => {
      await login();
      await ffmpeg.hold();
      const { id } = await stand.account.upload(lecture);
      await stand.account.until(id, ({ state }) => state === 'converting');
      const { code, out } = await soundlift('cancel', id);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^Cancelled \S+\.mkv\.\n$/) as string });
      expect((await stand.account.get(id)).state).toBe('cancelled');
      expect(await soundlift('cancel', id)).toMatchObject({ code: 1, out: '' });
      const missing = await soundlift('cancel', 'nothing-of-the-kind');
      expect(missing.code).toBe(1);
      expect(missing.err).toMatch(/^There is no such conversion|not there/i);
    });
  });
});
