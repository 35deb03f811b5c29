import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemErrorCode } from '../../shared/errors.ts';

const fileName = 'signing-key';
const secretBytes = 48;
const readableByOwnerAlone = 0o600;

/**
 * The embedded backend's own secret for signing tokens: made at the first start, kept in the data folder, which must exist and
 * be locked. Throws `unavailable` when it cannot be read or kept.
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
  // Only a hand or a broken disk can make this; a new key signs everyone out, which is better than a weak one.
  if (Buffer.from(secret, 'base64url').byteLength < secretBytes) return undefined;
  // A copy from a backup may have lost it.
  await chmod(path, readableByOwnerAlone);
  return secret;
}

/** Written beside its place and renamed, so that a crash leaves no half of it. */
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
  return secret;
}
