import { createHash, randomUUID } from 'node:crypto';
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { sessionSchema } from '../../shared/api.ts';
import { isDiskFull } from '../../shared/disk-full.ts';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { parseJson } from '../client/parse-json.ts';
import type { KeptSession, SessionKeeper } from '../client/server-session.ts';

/** The sign-ins that are stored between commands: one file per server, readable by its owner only. */
export interface KeptSignIns {
  of(serverUrl: string): SessionKeeper;
  /** The server of the latest sign-in. */
  latest(): Promise<string | undefined>;
  setLatest(serverUrl: string): Promise<void>;
  /** Makes `serverUrl` the latest one. */
  forgetLatest(serverUrl: string): Promise<void>;
}

const signInSchema = z.object({
  url: z.string(),
  session: sessionSchema.extend({ email: z.string(), signedInAt: z.iso.datetime() }),
});
const latestSchema = z.object({ url: z.string() });
const latestName = 'server.json';

/** @param folder absolute path; made when the first sign-in is stored. `warn` is called for a file that cannot be read and is set aside. */
export function openKeptSignIns(folder: string, warn: (sentence: string) => void): KeptSignIns {
  const latestFile = path.join(folder, latestName);

  async function latest(): Promise<string | undefined> {
    return (await readKept(latestFile, latestSchema, warn))?.url;
  }

  return {
    of(url) {
      const file = path.join(folder, fileNameOf(url));
      return {
        async read(): Promise<KeptSession | undefined> {
          const kept = await readKept(file, signInSchema, warn);
          return kept?.url === url ? kept.session : undefined;
        },
        async write(session) {
          if (session === undefined) await forget(file);
          else await writeKept(file, { url, session });
        },
      };
    },
    latest,
    setLatest: (url) => writeKept(latestFile, { url }),
    async forgetLatest(url) {
      if ((await latest()) === url) await forget(latestFile);
    },
  };
}

/** A name that people recognize and that is different for each server. */
function fileNameOf(url: string): string {
  const name = new URL(url).host.replaceAll(/[^a-z0-9.-]/g, '-');
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return `sign-in-${name}-${hash}.json`;
}

async function readKept<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  warn: (sentence: string) => void,
): Promise<z.output<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new AppError('unavailable', 'The stored sign-in cannot be read.', { cause: error });
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  // It cannot be used, but somebody may want to look at it.
  await rename(file, `${file}.broken`);
  warn(`A stored sign-in could not be understood and was set aside: ${file}.broken`);
  return undefined;
}

/** Writes a temporary file and renames it, so that a reader finds the old file or the new one, also after a crash. */
async function writeKept(file: string, value: unknown): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await makeFolder(path.dirname(file), 0o700);
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    // Another program may have made the folder with other permissions.
    await chmod(file, 0o600);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    const why = isDiskFull(error)
      ? 'the disk of the config folder is full. Free some space, then try again.'
      : 'the config folder cannot be written to.';
    throw new AppError('unavailable', `The sign-in cannot be stored: ${why}`, { cause: error });
  }
}

async function forget(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw new AppError('unavailable', 'The sign-in cannot be deleted: the config folder cannot be written to.', {
      cause: error,
    });
  });
}
