import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { System } from '../../ipc.ts';
import { openSafeStorageSecrets, type SafeStorageParts } from './safe-storage-secrets.ts';

let folder: string;
let file: string;
const log = pino({ level: 'silent' });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-secrets-'));
  file = join(folder, 'app', 'secrets.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Keyring = SafeStorageParts['safeStorage'];

/** Encrypts with a key, as Electron does with the system’s key. */
function keyring(changes: Partial<Keyring> = {}): Keyring {
  const turn = (data: Buffer): Buffer => Buffer.from(data.map((byte) => byte ^ 0x5a));
  return {
    isAsyncEncryptionAvailable: async () => true,
    encryptStringAsync: async (text) => turn(Buffer.from(text)),
    decryptStringAsync: async (data) => ({ result: turn(data).toString(), shouldReEncrypt: false }),
    getSelectedStorageBackend: () => 'gnome_libsecret',
    ...changes,
  };
}

const open = async (safeStorage = keyring(), system: System = 'linux') =>
  await openSafeStorageSecrets({ safeStorage, system, file, log });

describe('secrets', () => {
  it('can be read after a restart, from an encrypted file that only its owner can read', async () => {
    const secrets = await open();
    expect(secrets.lasting).toBe(true);
    expect(await secrets.read('sign-in')).toBeUndefined();
    await secrets.write('sign-in', 'eyJhbGciOi');
    expect(await (await open()).read('sign-in')).toBe('eyJhbGciOi');
    expect(await readFile(file, 'utf8')).not.toContain('eyJhbGciOi');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'app'))).toEqual(['secrets.json']);
  });

  it('that were deleted are gone, and the others remain', async () => {
    const secrets = await open();
    await secrets.write('a', 'one');
    await secrets.write('b', 'two');
    await secrets.write('a', undefined);
    const again = await open();
    expect([await again.read('a'), await again.read('b')]).toEqual([undefined, 'two']);
  });

  it('that are written at the same time are all stored, each with its latest value', async () => {
    const secrets = await open();
    const writes = Array.from({ length: 20 }, async (_, index) => await secrets.write(`${index % 4}`, `${index}`));
    await Promise.all(writes);
    const again = await open();
    expect(await Promise.all(['0', '1', '2', '3'].map((key) => again.read(key)))).toEqual(['16', '17', '18', '19']);
  });

  it.each(['', 'no JSON', '[]', '{"sign-in": 5}', '{"sign-in": "§"}'])(
    'in a file that contains %j are ignored',
    async (text) => {
      const secrets = await open();
      await secrets.write('a', 'one');
      await writeFile(file, text);
      expect(await (await open()).read('sign-in')).toBeUndefined();
    },
  );

  it('that were encrypted with a lost key cannot be read, but can be written again', async () => {
    await (await open()).write('a', 'one');
    const other = await open(keyring({ decryptStringAsync: () => Promise.reject(new Error('another key')) }));
    expect(await other.read('a')).toBeUndefined();
    await other.write('a', 'two');
    expect(await (await open()).read('a')).toBe('two');
  });

  const keepsNone: readonly (readonly [string, Partial<Keyring>, System])[] = [
    ['has no key', { isAsyncEncryptionAvailable: async () => false }, 'macos'],
    ['cannot be asked', { isAsyncEncryptionAvailable: () => Promise.reject(new Error('no bus')) }, 'linux'],
    ['has a key that everybody knows', { getSelectedStorageBackend: () => 'basic_text' }, 'linux'],
  ];
  it.each(keepsNone)(
    'last until the app ends, and are in no file, if the system %s',
    async (_what, changes, system) => {
      const secrets = await open(keyring(changes), system);
      expect(secrets.lasting).toBe(false);
      await secrets.write('a', 'one');
      expect(await secrets.read('a')).toBe('one');
      await secrets.write('a', undefined);
      expect(await secrets.read('a')).toBeUndefined();
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it.each(['macos', 'windows'] as const)('do not use functions on %s that only Linux has', async (system) => {
    const getSelectedStorageBackend = (): never => {
      throw new TypeError('is not a function');
    };
    expect((await open(keyring({ getSelectedStorageBackend }), system)).lasting).toBe(true);
  });
});
