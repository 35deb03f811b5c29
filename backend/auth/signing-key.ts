import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, isAppError, systemErrorCode } from '../../shared/errors.ts';
import { syncFolder } from '../../shared/sync-folder.ts';

const fileName = 'signing-key';
const secretBytes = 48;
/** At least {@link secretBytes} bytes in base64url. */
const secretPattern = /^[A-Za-z0-9_-]{64,}$/;
const readableByOwnerAlone = 0o600;

/**
 * Reads the embedded backend's secret for signing tokens from the data folder, or makes it at the first start. The folder must exist
 * and be locked. Throws `data_unusable` when the secret cannot be read or written, or is damaged: the file is not replaced by itself,
 * because that would sign everyone out.
 */
export async function keepSigningSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, fileName);
  try {
    return (await readSecret(path)) ?? (await makeSecret(path));
  } catch (error) {
    if (isAppError(error)) throw error;
    const reason = systemErrorCode(error) ?? 'unknown error';
    throw new AppError(
      'data_unusable',
      `${fileName} in it cannot be read or written (${reason}); mend that, or move ${fileName} away to make a new one, which signs everyone out.`,
      { cause: error },
    );
  }
}

async function readSecret(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const secret = text.trim();
  // Somebody edited the file, or the disk is broken. The characters are checked because decoding ignores all others.
  if (!secretPattern.test(secret)) {
    throw new AppError(
      'data_unusable',
      `${fileName} in it is damaged; put back a copy of it, or move it away to make a new one, which signs everyone out.`,
    );
  }
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
