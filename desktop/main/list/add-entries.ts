import { randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { OutputOptions } from '../../../shared/formats.ts';
import { type Finding, findSources } from '../../client/find-sources.ts';
import { outputOptionsOf } from '../../ipc.ts';
import { type Backends, hereKey } from '../backends/backends.ts';
import type { ChosenFolder, SettingsStore } from '../settings/settings-store.ts';
import type { Questions } from './conversion-list.ts';
import type { Entry, EntrySource } from './entry.ts';

export interface FoundEntriesParts {
  readonly backends: Pick<Backends, 'currentKey'>;
  readonly settings: Pick<SettingsStore, 'get'>;
  readonly questions: Pick<Questions, 'folder'>;
}

/** Entries that have no order in the list yet. */
export interface FoundEntries {
  readonly entries: readonly Omit<Entry, 'order'>[];
  /** The number of files in the folders that are no videos. */
  readonly leftOut: number;
}

/**
 * Finds the videos among dropped files and folders, as one batch. Undefined if the person was asked for a folder and cancelled the dialog.
 * Throws the signal's reason.
 */
export async function findEntries(
  paths: readonly string[],
  options: OutputOptions | undefined,
  { backends, settings, questions }: FoundEntriesParts,
  signal: AbortSignal,
): Promise<FoundEntries | undefined> {
  const backendKey = backends.currentKey() ?? hereKey;
  const target = await targetOfDrop(paths, settings.get().saveTo, questions);
  if (target === undefined) return undefined;
  const { quality, whenTaken } = settings.get();
  const batchId = randomUUID();
  const findings: Finding[] = [];
  let leftOut = 0;
  for await (const finding of findSources(paths, signal)) {
    if (isLeftOut(finding, paths)) leftOut += 1;
    else findings.push(finding);
  }
  const entries = findings.map((finding) => ({
    id: randomUUID(),
    source: sourceOf(finding),
    batchId,
    batchSize: findings.length,
    options: options ?? outputOptionsOf(quality),
    backendKey,
    target,
    whenTaken,
    step: stepOf(finding),
    isHeld: false,
    furthest: 0,
    isListed: true,
    warnings: [],
  }));
  return { entries, leftOut };
}

async function targetOfDrop(
  [first]: readonly string[],
  saveTo: ChosenFolder,
  questions: Pick<Questions, 'folder'>,
): Promise<Entry['target'] | undefined> {
  if (saveTo.kind !== 'ask') return saveTo;
  const path = await questions.folder(first === undefined ? undefined : dirname(first));
  return path === undefined ? undefined : { kind: 'folder', path };
}

function isLeftOut(finding: Finding, paths: readonly string[]): boolean {
  if (finding.kind === 'found') return false;
  const { code, path } = finding.failure;
  return code === 'source_missing' && !paths.includes(path);
}

function sourceOf(finding: Finding): EntrySource {
  if (finding.kind === 'failed') {
    const { path } = finding.failure;
    return { path, fileName: basename(path), bytes: 0, subfolder: '' };
  }
  const { path, fileName, bytes, subfolder, identity } = finding.source;
  return { path, fileName, bytes, subfolder, ...(identity === undefined ? {} : { identity }) };
}

function stepOf(finding: Finding): Entry['step'] {
  if (finding.kind === 'found') return { kind: 'new' };
  const { code, message } = finding.failure;
  return { kind: 'failed', code, message };
}
