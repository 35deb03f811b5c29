import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { unusable } from './data-folder.ts';
import { openEmbeddedStores } from './embedded-stores.ts';

/** A folder with a history, as a stopped server leaves it, and one as a killed server leaves it: with write-ahead logs. */
let stopped: string;
let killed: string;
let folder: string;
beforeAll(async () => {
  stopped = await mkdtemp(path.join(tmpdir(), 'soundlift-stopped-'));
  killed = await mkdtemp(path.join(tmpdir(), 'soundlift-killed-'));
  await using stores = await openEmbeddedStores(stopped);
  for (let count = 0; count < 400; count += 1) await stores.conversions.insert(exampleConversion());
  const user = { passwordHash: 'x', admin: false, confirmed: true, mail: true, createdAt: '2026' };
  for (let id = 0; id < 400; id += 1) await stores.users.insert({ ...user, id: `${id}`, email: `${id}@example.org` });
  await writeFile(path.join(stopped, 'videos', 'video'), 'video');
  await cp(stopped, killed, { recursive: true });
});
afterAll(async () => {
  for (const each of [stopped, killed]) await rm(each, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-damaged-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function digest(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    // SQLite makes the index of a log anew, and an empty log has nothing in it.
    if (!entry.isFile() || entry.name.endsWith('-shm') || entry.name.startsWith('lock')) continue;
    const bytes = await readFile(file);
    if (entry.name.endsWith('-wal') && bytes.length === 0) continue;
    found[path.relative(folder, file)] = createHash('sha256').update(bytes).digest('hex');
  }
  return found;
}

async function refusal(): Promise<{ readonly code: string; readonly message: string }> {
  const error = await openEmbeddedStores(folder, { called: 'The folder' }).then(
    async (stores) => {
      await stores[Symbol.asyncDispose]();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) throw new Error('it was not refused', { cause: error });
  return { code: error.code, message: error.message };
}

async function overwrite(file: string, place: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, place);
  await handle.close();
}

function setVersion(file: string, version: number): void {
  using database = new DatabaseSync(file);
  database.exec(`PRAGMA user_version = ${version}`);
}

const garbage = (bytes: number): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 89 + 7) % 251));

describe.each(['conversions.db', 'accounts.db'])('a damaged %s', (name) => {
  let file: string;
  beforeEach(async () => {
    await cp(stopped, folder, { recursive: true });
    file = path.join(folder, name);
  });

  const damages: readonly (readonly [string, () => Promise<void>])[] = [
    ['is cut to nothing', () => truncate(file, 0)],
    ['has one byte', () => writeFile(file, 'x')],
    ['is cut to a few bytes', () => truncate(file, 50)],
    ['is cut within its first page', () => truncate(file, 3000)],
    ['is cut after its first page', () => truncate(file, 4096)],
    ['is cut in the middle', async () => truncate(file, Math.floor((await stat(file)).size / 2))],
    ['has a wrong header', () => overwrite(file, 0, garbage(100))],
    ['is something else', () => writeFile(file, garbage(50_000))],
    [
      'is the database of another program',
      async () => {
        await rm(file);
        using other = new DatabaseSync(file);
        other.exec('CREATE TABLE users (id); CREATE TABLE conversions (id)');
      },
    ],
    [
      'has a table less',
      async () => {
        using database = new DatabaseSync(file);
        database.exec(`DROP TABLE ${name === 'accounts.db' ? 'sessions' : 'notifications'}`);
      },
    ],
  ];
  // From version 7, the first migration works, and the next one fails.
  const wrongVersions = (name === 'accounts.db' ? [-1, 1] : [-1, 1, 7, 9]).map((version) => {
    return [`says that its version is ${version}`, async () => setVersion(file, version)] as const;
  });
  it.each([...damages, ...wrongVersions])(
    'that %s is named in one sentence, and no file changes',
    async (_, damage) => {
      await rm(`${file}-wal`, { force: true });
      await rm(`${file}-shm`, { force: true });
      await damage();
      const before = await digest();
      const { code, message } = await refusal();
      expect(code).toBe('data_unusable');
      expect(message).toMatch(
        new RegExp(
          `^The folder cannot be used: ${name} in it is damaged; .* move ${name} away, .* which loses .*[^.]\\.$`,
        ),
      );
      expect(await digest()).toEqual(before);
    },
  );

  it('that a newer version has written is named in one sentence, and no file changes', async () => {
    setVersion(file, 99);
    const before = await digest();
    const { code, message } = await refusal();
    expect(code).toBe('unsupported');
    expect(message).toBe(
      `The folder cannot be used: ${name} in it was written by a newer version of Soundlift; update Soundlift to open it, or choose another folder.`,
    );
    expect(await digest()).toEqual(before);
  });
});

describe.each(['conversions.db', 'accounts.db'])('the write-ahead log of %s', (name) => {
  let log: string;
  beforeEach(async () => {
    await cp(killed, folder, { recursive: true });
    log = path.join(folder, `${name}-wal`);
  });

  const damages: readonly (readonly [string, () => Promise<void>])[] = [
    ['has a wrong header', () => overwrite(log, 0, garbage(32))],
    ['has one wrong byte in its header', () => overwrite(log, 17, garbage(1))],
    ['has a wrong page in its middle', () => overwrite(log, 60_000, garbage(100))],
    ['is something else', () => writeFile(log, garbage(50_000))],
  ];
  it.each(damages)('is not ignored if it %s', async (_, damage) => {
    expect((await stat(log)).size).toBeGreaterThan(100_000);
    await damage();
    const before = await digest();
    const { code, message } = await refusal();
    expect(code).toBe('data_unusable');
    expect(message).toMatch(
      new RegExp(
        `^The folder cannot be used: ${name}-wal in it is damaged; .* loses the latest changes to ${name}\\.$`,
      ),
    );
    expect(await digest()).toEqual(before);
  });

  it.each([0, 20, 32, 100])('that a dying process left %i bytes short is read up to there', async (bytes) => {
    await truncate(log, (await stat(log)).size - bytes);
    await (await openEmbeddedStores(folder))[Symbol.asyncDispose]();
  });
});

describe('a data folder', () => {
  const troubles: readonly (readonly [string, () => Promise<void>, string])[] = [
    [
      'that is a file',
      async () => {
        await rm(folder, { recursive: true });
        await writeFile(folder, 'x');
      },
      'it is not a folder; choose another folder, or move that file away.',
    ],
    [
      'below a file',
      async () => {
        await writeFile(path.join(folder, 'file'), 'x');
        folder = path.join(folder, 'file', 'data');
      },
      'it is not a folder, or is below something that is not one; choose another folder.',
    ],
    [
      'with too long a name',
      async () => {
        folder = path.join(folder, 'x'.repeat(300));
      },
      'it has too long a name; choose another folder.',
    ],
    [
      'with a file in the place of its videos',
      () => writeFile(path.join(folder, 'videos'), 'x'),
      'the folder videos in it is not a folder; choose another folder, or move that file away.',
    ],
    [
      'with a folder in the place of its lock',
      async () => void (await mkdir(path.join(folder, 'lock'))),
      'lock in it cannot be opened; see whether it is a file, and may be read and written by the account that runs Soundlift.',
    ],
    [
      'with a folder in the place of a database',
      async () => void (await mkdir(path.join(folder, 'accounts.db'))),
      'accounts.db in it cannot be opened; see whether it is a file, and may be read and written by the account that runs Soundlift.',
    ],
  ];
  it.each(troubles)('%s is refused in one sentence', async (_, trouble, expected) => {
    const root = folder;
    await trouble();
    expect(await refusal()).toEqual({ code: 'data_unusable', message: `The folder cannot be used: ${expected}` });
    folder = root;
  });

  // Windows has no named pipes in folders.
  it.skipIf(process.platform === 'win32').each(['conversions.db', 'accounts.db-wal', 'lock', 'reserve', 'signing-key'])(
    'with a named pipe in the place of %s is refused in one sentence',
    async (name) => {
      execFileSync('mkfifo', [path.join(folder, name)]);
      expect(await refusal()).toEqual({
        code: 'data_unusable',
        message: `The folder cannot be used: ${name} in it is not a file; move it away.`,
      });
    },
  );

  // Not tried with a real folder, because root may write to every folder.
  it('that this account may not write to is refused in one sentence', () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), {
      code: 'EACCES',
      errno: -13,
      syscall: 'access',
    });
    expect(unusable({ called: 'The data folder' }, 'it', denied)).toMatchObject({
      code: 'data_unusable',
      message: expect.stringContaining('it may not be read and written by the account that runs Soundlift'),
    });
  });

  it.runIf(process.platform === 'linux')('that the system does not make is refused in one sentence', async () => {
    const root = folder;
    folder = '/proc/soundlift';
    expect((await refusal()).message).toBe(
      'The folder cannot be used: it cannot be made there; choose another folder.',
    );
    folder = root;
  });
});
