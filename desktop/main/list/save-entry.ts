import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Result } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { outputFileName } from '../../../shared/formats.ts';
import type { Backend } from '../../client/backend.ts';
import { validFileName } from '../../client/file-names.ts';
import { createResultSaver } from '../../client/save-result.ts';
import type { UnsavedReason } from '../../ipc.ts';
import type { Questions } from './conversion-list.ts';
import type { Entry } from './entry.ts';
import type { EntryEvent } from './reduce-entry.ts';
import { folderOf } from './row-view.ts';

export interface SaveEntry {
  readonly entry: Entry;
  readonly backend: Backend;
  readonly questions: Pick<Questions, 'nameTaken'>;
  /** Identities of videos, which are never replaced. */
  readonly sources: ReadonlySet<string>;
  /** Whether an entry of the list was saved there: what is never replaced either. */
  readonly isSavedByAnother: (file: string) => boolean;
  readonly apply: (event: EntryEvent) => void;
  readonly signal: AbortSignal;
}

/** So many names with numbers are looked at for an MP3 that may have been placed before a crash. */
const maxNumbers = 100;

/**
 * Saves the MP3 of an entry that is finished, or finds it where it was placed before a crash. What of the target is at fault becomes the
 * event `unsaved`. Throws what the backend throws, and the signal's reason.
 */
export async function saveEntry(save: SaveEntry): Promise<void> {
  const { entry, backend, apply, signal } = save;
  const { step } = entry;
  if (step.kind !== 'finished' && step.kind !== 'placing') return;
  const { conversionId, result } = step;
  const fileName = outputFileName(entry.source.fileName, entry.options.format);
  const folder = folderOf(entry);
  const saved = (file: string): void => {
    const wanted = validFileName(fileName, process.platform, 0);
    const kept = basename(file) === wanted ? {} : { kept: wanted };
    apply({ type: 'saved', file, ...kept, at: Date.now() });
  };
  try {
    const placed = step.kind === 'placing' ? await findPlaced(step, result, save) : undefined;
    if (placed !== undefined) {
      saved(placed);
      return;
    }
    await requireRoot(entry);
    const overwrite = await mayReplace(join(folder, validFileName(fileName, process.platform, 0)), save);
    const saver = createResultSaver({ overwrite, sources: save.sources });
    const plan = await saver.plan({ folder, createFolder: entry.target.kind === 'folder', fileName });
    const opened = await backend.openResult(conversionId, signal);
    apply({ type: 'placing', folder, fileName });
    saved(await saver.save(plan, opened, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!isAppError(error, 'target_unwritable', 'disk_full')) throw error;
    apply({ type: 'unsaved', reason: await reasonOf(error, folder), folder });
  }
}

/** A folder that the person chose is never made anew: it may be on a disk that is not there. */
async function requireRoot({ target }: Entry): Promise<void> {
  if (target.kind !== 'folder') return;
  const facts = await stat(target.path).catch(() => undefined);
  if (facts?.isDirectory() !== true) throw new AppError('target_unwritable', 'The folder is not there.');
}

async function mayReplace(file: string, { entry, questions, isSavedByAnother }: SaveEntry): Promise<boolean> {
  if (entry.whenTaken === 'keep_both' || isSavedByAnother(file)) return false;
  if (entry.whenTaken === 'replace') return true;
  const isTaken = (await stat(file).catch(() => undefined)) !== undefined;
  return isTaken && (await questions.nameTaken(basename(file))) === 'replace';
}

async function reasonOf(error: AppError, folder: string): Promise<UnsavedReason> {
  if (error.code === 'disk_full') return 'disk_full';
  const facts = await stat(folder).catch(() => undefined);
  return facts?.isDirectory() === true ? 'read_only' : 'folder_away';
}

/** The file that was placed, by its bytes. */
async function findPlaced(
  { folder, fileName }: { readonly folder: string; readonly fileName: string },
  result: Result,
  { isSavedByAnother }: SaveEntry,
): Promise<string | undefined> {
  for (let number = 0; number <= maxNumbers; number += 1) {
    const file = join(folder, validFileName(fileName, process.platform, number));
    const facts = await stat(file).catch(() => undefined);
    if (facts === undefined) return undefined;
    if (!facts.isFile() || facts.size !== result.bytes || isSavedByAnother(file)) continue;
    if ((await sha256Of(file)) === result.sha256) return file;
  }
  return undefined;
}

async function sha256Of(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    // What cannot be read is not what we have written.
    return undefined;
  }
  return hash.digest('hex');
}
