import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { syncFolder } from '../../shared/sync-folder.ts';

const fileName = 'signing-key';
const secretBytes = 48;
const readableByOwnerAlone = 0o600;

/**
 * Reads the embedded backend's secret for signing tokens from the data folder, or makes it at the first start. The folder must exist
 * and be locked. Throws `unavailable` when the secret cannot be read or written.
 */
export async function keepSigningSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, fileName);
  try {
    return (await readSecret(path)) ?? (await makeSecret(path));
  } catch (error) {
    throw new AppError('unavailable', 'The key that signs tokens cannot be read or kept in the data folder.', {
      cause: error,
    });
  }
}

async function readSecret(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const secret = text.trim();
  // Somebody edited the file, or the disk is broken. A new secret signs everyone out; a weak one would be worse.
  if (Buffer.from(secret, 'base64url').byteLength < secretBytes) return undefined;
  // A copy restored from a backup may be readable by others.
  await chmod(path, readableByOwnerAlone);
  return secret;
}

/** Writes a temporary file and renames it, so that a crash or a power cut leaves no half-written secret, and no other one. */
async function makeSecret(path: string): Promise<string> {
  const secret = randomBytes(secretBytes).toString('base64url');
  const draft = `${path}.new`;
  const file = await open(draft, 'w', readableByOwnerAlone);
  try {
    await file.chmod(readableByOwnerAlone);
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
  return secret;
}
