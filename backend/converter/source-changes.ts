import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileVersion, fileVersion, isSameVersion, untilTickEnds } from '../../shared/file-version.ts';

/** What has happened to a source while it was converted. */
export type SourceChange =
  | 'none'
  /** More was added, so what was read is a part of it. */
  | 'grown'
  /** It was written anew or replaced, so parts of two versions may have been read. */
  | 'changed';

/** Enough to tell a file that is written anew from one that grows. */
const headBytes = 64 * 1024;

interface Sample {
  readonly version: FileVersion;
  /** The beginning of the file. */
  readonly head: Buffer;
}

/** Notes the version of a source. A source that cannot be read counts as unchanged: whoever converts it reports that. */
export async function watchSource(path: string): Promise<{ change(): Promise<SourceChange> }> {
  let before = await sample(path);
  const wait = before === undefined ? 0 : untilTickEnds(before.version, Date.now());
  if (wait > 0) {
    await delay(wait);
    before = await sample(path);
  }
  return {
    async change() {
      const now = await sample(path);
      return before === undefined || now === undefined ? 'none' : changeOf(before, now);
    },
  };
}

function changeOf(before: Sample, now: Sample): SourceChange {
  if (isSameVersion(before.version, now.version)) return 'none';
  const isSameFile = before.version.inode === now.version.inode;
  const isSameHead = before.head.equals(now.head.subarray(0, before.head.byteLength));
  return isSameFile && isSameHead && now.version.bytes > before.version.bytes ? 'grown' : 'changed';
}

async function sample(path: string): Promise<Sample | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { version: fileVersion(facts), head: buffer.subarray(0, bytesRead) };
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}
