import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, type ErrorCode } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import type { SourceFile } from './backend.ts';
import { fileIdentity } from './file-identity.ts';
import { hasMediaExtension, isMediaFile } from './media-files.ts';

/** A file that was found. */
export interface FoundSource extends SourceFile {
  /** Absent if the file system has none. */
  readonly identity: string | undefined;
  /** The path from the named folder to the folder of the file: `sub/deeper`. Empty for a file directly in it, or named itself. */
  readonly subfolder: string;
}

/** A file or folder that was named, or is inside a named folder, and cannot be converted. */
export interface SourceFailure {
  /** Absolute path. */
  readonly path: string;
  readonly code: ErrorCode;
  /** A sentence that does not contain the path. */
  readonly message: string;
}

export type Finding =
  | { readonly kind: 'found'; readonly source: FoundSource }
  | { readonly kind: 'failed'; readonly failure: SourceFailure };

/**
 * Finds the sources that `named`, absolute paths of files and folders, stands for: in order, each once. A named file is taken
 * whatever its name. In a named folder and the folders below it, files with a video or audio extension are taken, in natural order
 * (`2` before `10`). Links to files are followed, links to folders are not, and hidden files are skipped. What cannot be read is
 * reported as a failure and does not stop the rest. Throws only the signal's reason.
 */
export async function* findSources(named: readonly string[], signal: AbortSignal): AsyncGenerator<Finding> {
  const seen = new Set<string>();
  for (const one of named) {
    for await (const finding of findNamed(path.resolve(one), signal)) {
      const key = finding.kind === 'found' ? finding.source.path : finding.failure.path;
      if (seen.has(key)) continue;
      seen.add(key);
      yield finding;
    }
  }
}

async function* findNamed(named: string, signal: AbortSignal): AsyncGenerator<Finding> {
  signal.throwIfAborted();
  let facts: BigIntStats;
  try {
    facts = await stat(named, { bigint: true });
  } catch (error) {
    // Node replaces bytes that are not UTF-8 with this character, so the path leads nowhere.
    yield failed(named, named.includes('\ufffd') ? notUtf8(error) : sourceError(error));
    return;
  }
  if (facts.isFile()) {
    yield found(named, '', facts);
  } else if (facts.isDirectory()) {
    let empty = true;
    for await (const finding of walk(named, '', signal)) {
      empty = false;
      yield finding;
    }
    if (empty) yield failed(named, new AppError('source_missing', sayShared('failFolderEmpty')));
  } else {
    yield failed(named, new AppError('source_unreadable', sayShared('failNotFileNorFolder')));
  }
}

async function* walk(root: string, subfolder: string, signal: AbortSignal): AsyncGenerator<Finding> {
  signal.throwIfAborted();
  const folder = path.join(root, subfolder);
  let entries: Dirent<Buffer>[];
  try {
    // Read as bytes: as text, a name that is not UTF-8 would lead to no file or to another one.
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    yield failed(folder, sourceError(error));
    return;
  }
  const visible = entries
    .map((entry) => ({ entry, name: entry.name.toString('utf8') }))
    .filter(({ name }) => !name.startsWith('.'))
    .sort((one, other) => compareNaturally(one.name, other.name));
  for (const { entry, name } of visible) {
    const below = path.join(subfolder, name);
    const here = path.join(root, below);
    const isFolder = entry.isDirectory();
    if (!Buffer.from(name).equals(entry.name)) {
      if (isFolder || hasMediaExtension(name)) yield failed(here, notUtf8());
    } else if (isFolder) {
      yield* walk(root, below, signal);
    } else if (hasMediaExtension(name)) {
      const finding = await findInFolder(here, subfolder);
      if (finding !== undefined) yield finding;
    }
  }
}

/** Undefined if only the name looks like a video: a link to a folder, a pipe, or source code. */
async function findInFolder(file: string, subfolder: string): Promise<Finding | undefined> {
  try {
    const facts = await stat(file, { bigint: true });
    return facts.isFile() && (await isMediaFile(file)) ? found(file, subfolder, facts) : undefined;
  } catch (error) {
    return failed(file, sourceError(error));
  }
}

const collator = new Intl.Collator('en', { numeric: true });

/** The order does not depend on the system's language. */
function compareNaturally(one: string, other: string): number {
  return collator.compare(one, other) || (one < other ? -1 : 1);
}

function found(file: string, subfolder: string, facts: BigIntStats): Finding {
  const source: FoundSource = {
    path: file,
    fileName: path.basename(file),
    bytes: Number(facts.size),
    identity: fileIdentity(facts),
    subfolder,
  };
  return { kind: 'found', source };
}

function failed(file: string, { code, message }: AppError): Finding {
  return { kind: 'failed', failure: { path: file, code, message } };
}

function notUtf8(cause?: unknown): AppError {
  return new AppError('source_unreadable', sayShared('failSourceNotUtf8'), { cause });
}
