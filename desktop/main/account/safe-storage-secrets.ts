import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SafeStorage } from 'electron';
import type { Logger } from 'pino';
import { z } from 'zod';
import { systemErrorCode } from '../../../shared/errors.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { parseJson } from '../../client/parse-json.ts';
import type { System } from '../../ipc.ts';
import { keepSecretsInMemory, type SecretStore } from './secret-store.ts';

export interface SafeStorageParts {
  /** Part of Electron. To be used only once the app is ready. */
  readonly safeStorage: Pick<
    SafeStorage,
    'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
  >;
  readonly system: System;
  /** Absolute path of the encrypted file, which only its owner can read. */
  readonly file: string;
  readonly log: Logger;
}

/** The encrypted secrets by key, in base64. */
const fileSchema = z.record(z.string(), z.base64());

/** Keeps secrets in a file, encrypted with a key of the system; or in memory, if the system has none. */
export async function openSafeStorageSecrets(parts: SafeStorageParts): Promise<SecretStore> {
  const { safeStorage, file, log } = parts;
  if (!(await keepsKeys(parts))) {
    log.warn('this system cannot keep secrets, so a sign-in lasts until the app ends');
    return keepSecretsInMemory();
  }
  const kept = new Map(Object.entries(await readEncrypted(file, log)));
  /** Writes are made one at a time. */
  let latest: Promise<void> = Promise.resolve();

  return {
    async read(key) {
      const encrypted = kept.get(key);
      if (encrypted === undefined) return undefined;
      try {
        return (await safeStorage.decryptStringAsync(Buffer.from(encrypted, 'base64'))).result;
      } catch (error) {
        // The file is from another computer, or the key is gone.
        log.warn({ err: error }, 'a secret could not be decrypted');
        return undefined;
      }
    },
    async write(key, text) {
      const encrypted =
        text === undefined ? undefined : (await safeStorage.encryptStringAsync(text)).toString('base64');
      if (encrypted === undefined) kept.delete(key);
      else kept.set(key, encrypted);
      const turn = latest.then(async () => await writeEncrypted(file, Object.fromEntries(kept)));
      latest = turn.catch(() => undefined);
      await turn;
    },
    lasting: true,
  };
}

async function keepsKeys({ safeStorage, system, log }: SafeStorageParts): Promise<boolean> {
  try {
    if (!(await safeStorage.isAsyncEncryptionAvailable())) return false;
    // `basic_text` encrypts with a fixed key that everybody knows.
    return system !== 'linux' || !['basic_text', 'unknown'].includes(safeStorage.getSelectedStorageBackend());
  } catch (error) {
    log.warn({ err: error }, 'could not find out whether the system keeps secrets');
    return false;
  }
}

async function readEncrypted(file: string, log: Logger): Promise<Readonly<Record<string, string>>> {
  try {
    const parsed = fileSchema.safeParse(parseJson(await readFile(file, 'utf8')));
    if (parsed.success) return parsed.data;
    log.warn('the file of secrets could not be parsed');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') log.warn({ err: error }, 'the file of secrets could not be read');
  }
  return {};
}

/** Writes a temporary file and renames it, so that a crash leaves the old or the new one. */
async function writeEncrypted(file: string, kept: Readonly<Record<string, string>>): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await makeFolder(dirname(file), 0o700);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(kept));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}
