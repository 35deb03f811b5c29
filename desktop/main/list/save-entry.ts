import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Result } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { outputFileName } from '../../../shared/formats.ts';
import { sayShared } from '../../../shared/words/say.ts';
import type { Backend } from '../../client/backend.ts';
import { validFileName } from '../../client/file-names.ts';
import { createResultSaver } from '../../client/save-result.ts';
import { removeLeftovers } from '../../client/temporary-files.ts';
import type { UnsavedReason } from '../../ipc.ts';
import { hereKey } from '../backends/backends.ts';
import type { Questions } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import type { PendingCall } from './entries-database.ts';
import type { Entry } from './entry.ts';
import { folderOf } from './row-view.ts';

export interface SaveEntry {
  readonly entry: Entry;
  readonly backend: Backend;
  readonly questions: Pick<Questions, 'nameTaken'>;
  readonly together: SavingTogether;
  readonly entries: Entries;
  readonly signal: AbortSignal;
}

/** Keeps entries from replacing each other's MP3s. */
export interface SavingTogether {
  /** Identities of the list's videos, which are never replaced. */
  sources(): ReadonlySet<string>;
  /** Whether another entry of the list was or is being saved as that file. If not, the file is claimed for this entry. */
  isAnothers(file: string, id: string): boolean;
  /** Gives up the claims of an entry that is no longer being saved. */
  release(id: string): void;
}

export function savingTogether(entries: Pick<Entries, 'all'>): SavingTogether {
  const wanted = new Map<string, string>();
  return {
    sources() {
      const identities = [...entries.all()].flatMap(({ source }) => source.identity ?? []);
      return new Set(identities);
    },
    isAnothers(file, id) {
      const key = keyOf(file);
      const other = wanted.get(key);
      if (other !== undefined && other !== id) return true;
      for (const { id: one, step } of entries.all()) {
        if (one !== id && step.kind === 'saved' && keyOf(step.file) === key) return true;
      }
      wanted.set(key, id);
      return false;
    },
    release(id) {
      for (const [key, one] of wanted) if (one === id) wanted.delete(key);
    },
  };
}

/** Paths with the same key are one file on some disks. */
function keyOf(file: string): string {
  return file.normalize('NFC').toLowerCase();
}

/** The most numbered names that are searched for an MP3 that was put there before a crash. */
const maxNumbers = 100;

/**
 * Saves the MP3 of a finished entry, or finds it where it was put before a crash. If the target folder is at fault, the entry becomes
 * `unsaved`. Throws what the backend throws, and the signal's reason.
 */
export async function saveEntry(save: SaveEntry): Promise<void> {
  const { entry, backend, entries, together, signal } = save;
  const { id, step } = entry;
  if (step.kind !== 'finished' && step.kind !== 'placing') return;
  const { conversionId, result } = step;
  const fileName = outputFileName(entry.source.fileName, entry.options.format);
  const folder = folderOf(entry);
  try {
    const placed = step.kind === 'placing' ? await findPlaced(step, result, save) : undefined;
    if (placed !== undefined) {
      applySaved(placed, fileName, save);
      return;
    }
    await requireRoot(entry);
    const overwrite = await mayReplace(join(folder, validFileName(fileName, process.platform, 0)), save);
    const saver = createResultSaver({ overwrite, sources: together.sources() });
    const plan = await saver.plan({ folder, createFolder: entry.target.kind === 'folder', fileName });
    await learnPeaks(save, conversionId);
    const opened = await backend.openResult(conversionId, signal);
    entries.apply(id, { type: 'placing', folder, fileName });
    const file = await saver.save(plan, opened, signal);
    const isWanted = applySaved(file, fileName, save);
    // The entry was cancelled, or got another folder, while the MP3 was put there.
    if (!isWanted && !overwrite) await rm(file, { force: true });
  } catch (error) {
    signal.throwIfAborted();
    if (!isAppError(error, 'target_unwritable', 'disk_full')) throw error;
    entries.apply(id, { type: 'unsaved', reason: await reasonOf(error, folder), folder });
  } finally {
    together.release(id);
  }
}

/** False if the entry is no longer being saved. */
function applySaved(file: string, fileName: string, { entry: { id, backendKey, step }, entries }: SaveEntry): boolean {
  const wanted = validFileName(fileName, process.platform, 0);
  const kept = basename(file) === wanted ? {} : { kept: wanted };
  const conversionId = 'conversionId' in step ? step.conversionId : undefined;
  // This computer's backend need not keep a second copy. A server keeps the MP3 for the person's other devices.
  const isLeft = backendKey === hereKey && conversionId !== undefined;
  const calls: readonly PendingCall[] = isLeft ? [{ conversionId, backendKey, action: 'remove' }] : [];
  const after = entries.apply(id, { type: 'saved', file, ...kept, at: Date.now() }, calls);
  return after?.step.kind === 'saved' && after.step.file === file;
}

async function learnPeaks({ entry, backend, entries }: SaveEntry, conversionId: string): Promise<void> {
  if (entry.peaks !== undefined) return;
  const { peaks } = await backend.get(conversionId);
  if (peaks !== undefined) entries.apply(entry.id, { type: 'peaks', peaks });
}

/** A folder that the person chose is never created: it may be on a disk that is not connected. */
async function requireRoot({ target }: Entry): Promise<void> {
  if (target.kind !== 'folder') return;
  const facts = await stat(target.path).catch(() => undefined);
  if (facts?.isDirectory() !== true) throw new AppError('target_unwritable', sayShared('failTargetNotThere'));
}

/**
 * False if no file has that name yet. Another entry may have seen the name free as well and be saved there first; then it must not be
 * replaced.
 */
async function mayReplace(file: string, { entry, questions, together, signal }: SaveEntry): Promise<boolean> {
  if (together.isAnothers(file, entry.id) || entry.whenTaken === 'keep_both') return false;
  if ((await stat(file).catch(() => undefined)) === undefined) return false;
  if (entry.whenTaken === 'replace') return true;
  return (await orAborted(questions.nameTaken(basename(file)), signal)) === 'replace';
}

/** A question may still be unanswered when the app ends. */
async function orAborted<Answer>(question: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([question, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function reasonOf(error: AppError, folder: string): Promise<UnsavedReason> {
  if (error.code === 'disk_full') return 'disk_full';
  const facts = await stat(folder).catch(() => undefined);
  return facts?.isDirectory() === true ? 'read_only' : 'folder_away';
}

/** Finds the MP3 by its bytes and claims it for the entry. Removes temporary files from before the crash. */
async function findPlaced(
  { folder, fileName }: { readonly folder: string; readonly fileName: string },
  result: Result,
  { entry: { id }, together }: SaveEntry,
): Promise<string | undefined> {
  await removeLeftovers(folder);
  for (let number = 0; number <= maxNumbers; number += 1) {
    const file = join(folder, validFileName(fileName, process.platform, number));
    const facts = await stat(file).catch(() => undefined);
    if (facts === undefined) return undefined;
    if (!facts.isFile() || facts.size !== result.bytes) continue;
    if ((await sha256Of(file)) === result.sha256 && !together.isAnothers(file, id)) return file;
  }
  return undefined;
}

async function sha256Of(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    // A file that cannot be read is not ours.
    return undefined;
  }
  return hash.digest('hex');
}
