import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSmallDisk } from '../../backend/tests/running/small-disk.ts';
import { openKeptSignIns } from './kept-sign-ins.ts';

let folder: string;
let warnings: string[];
const url = 'https://sound.example.org';

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-sign-ins-'));
  warnings = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function open() {
  return openKeptSignIns(folder, (sentence) => void warnings.push(sentence));
}

function session(accessToken: string) {
  return {
    email: 'me@example.org',
    accessToken,
    refreshToken: 'refresh',
    expiresAt: '2030-01-01T00:15:00.000Z',
    signedInAt: '2030-01-01T00:00:00.000Z',
  };
}

describe('stored sign-ins', () => {
  it('are distinguished by the address of the server, including its path', async () => {
    const addresses = [url, `${url}/there`, `${url}:8443`, 'http://sound.example.org', 'http://[::1]:8080'];
    for (const address of addresses) await open().of(address).write(session(address));
    for (const address of addresses) expect(await open().of(address).read()).toEqual(session(address));
    await open().of(url).write();
    expect(await open().of(url).read()).toBeUndefined();
    expect(await open().of(`${url}/there`).read()).toBeDefined();
  });

  it('are never read half written, even while others write them', async () => {
    const keeper = open().of(url);
    await keeper.write(session('first'));
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        open()
          .of(url)
          .write(session(`n${index}`)),
      ),
    );
    for (let count = 0; count < 50; count += 1) expect(await keeper.read()).toBeDefined();
    await writing;
    expect(warnings).toEqual([]);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('are readable only by their owner, in a new and in an existing folder', async () => {
    const file = path.join(folder, 'deeper', 'still');
    await openKeptSignIns(file, () => expect.unreachable()).setLatest(url);
    expect((await stat(file)).mode & 0o777).toBe(0o700);
    const [name = ''] = await readdir(file);
    await chmod(path.join(file, name), 0o644);
    await openKeptSignIns(file, () => expect.unreachable()).setLatest(url);
    expect((await stat(path.join(file, name))).mode & 0o777).toBe(0o600);
  });

  it('remember the server of the latest sign-in until it is forgotten', async () => {
    expect(await open().latest()).toBeUndefined();
    await open().setLatest(url);
    await open().forgetLatest('https://another.example.org');
    expect(await open().latest()).toBe(url);
    await open().forgetLatest(url);
    expect(await open().latest()).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"url": 1}', '\u0000\u0000'])(
    'that contain %j are set aside with a warning',
    async (text) => {
      await open().setLatest(url);
      const [name = ''] = await readdir(folder);
      await writeFile(path.join(folder, name), text);
      expect(await open().latest()).toBeUndefined();
      expect(warnings).toEqual([expect.stringContaining(`${name}.broken`)]);
      expect(await readdir(folder)).toEqual([`${name}.broken`]);
    },
  );

  it('that do not fit on the disk throw an error that says so, and the earlier one stays', async () => {
    await using disk = await openSmallDisk(64 * 1024);
    const kept = openKeptSignIns(path.join(disk.here, 'config'), () => expect.unreachable());
    await kept.of(url).write(session('first'));
    await disk.fill();
    await expect(kept.of(url).write(session('second'))).rejects.toThrow(/the disk of the config folder is full\./);
    expect(await kept.of(url).read()).toEqual(session('first'));
    expect(await readdir(path.join(disk.here, 'config'))).toHaveLength(1);
  });

  it('that cannot be written or read throw an error', async () => {
    const file = path.join(folder, 'a-file');
    await writeFile(file, '');
    const keeping = openKeptSignIns(path.join(file, 'below'), () => undefined).setLatest(url);
    await expect(keeping).rejects.toMatchObject({ code: 'unavailable' });
    await mkdir(path.join(folder, 'server.json'));
    await expect(open().latest()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
