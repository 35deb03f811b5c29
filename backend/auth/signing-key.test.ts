import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { keepSigningSecret } from './signing-key.ts';

const done: string[] = [];
vi.mock('node:fs/promises', async (importActual) => {
  const { recordSyncs } = await import('../tests/recorded-syncs.ts');
  return recordSyncs(await importActual(), (what) => void done.push(what));
});

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-key-'));
  path = join(folder, 'signing-key');
});
afterEach(() => rm(folder, { recursive: true }));

it('makes a secret at the first start and keeps it', async () => {
  const secret = await keepSigningSecret(folder);
  expect(Buffer.byteLength(secret)).toBeGreaterThanOrEqual(32);
  expect(await keepSigningSecret(folder)).toBe(secret);
  expect(await readdir(folder)).toEqual(['signing-key']);
});

it.skipIf(process.platform === 'win32')('is durable before it is used', async () => {
  done.length = 0;
  await keepSigningSecret(folder);
  expect(done).toEqual([`sync ${path}.new`, `rename ${path}`, `sync ${folder}`]);
});

it('makes a different one in another folder', async () => {
  const secret = await keepSigningSecret(folder);
  await rm(path);
  expect(await keepSigningSecret(folder)).not.toBe(secret);
});

it.skipIf(process.platform === 'win32')(
  'is readable only by its owner, also after it was copied with other permissions',
  async () => {
    await keepSigningSecret(folder);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await keepSigningSecret(folder);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  },
);

it.each(['', 'short', '\n', 'x'.repeat(63), '\0'.repeat(100), 'ä'.repeat(100)])(
  'refuses a damaged one, and does not replace it (%j)',
  async (rest) => {
    await writeFile(path, rest);
    await expect(keepSigningSecret(folder)).rejects.toMatchObject({ name: 'AppError', code: 'data_unusable' });
    expect(await readFile(path, 'utf8')).toBe(rest);
  },
);

it('says in a sentence that it cannot be written', async () => {
  const failure = await keepSigningSecret(join(folder, 'missing')).catch((error: unknown) => error);
  expect(isAppError(failure, 'data_unusable') && !failure.message.includes(folder)).toBe(true);
});
