import { stat } from 'node:fs/promises';
import type { Entries } from './entries.ts';

/** Which MP3s of the list are no longer where they were saved, as of the last look. */
export interface MissingFiles {
  has(id: string): boolean;
  /** Looks for each of them. A look that is asked for while one is under way is that one. */
  look(): Promise<void>;
}

export function watchMissingFiles(
  entries: Pick<Entries, 'all'>,
  onChange: (ids: readonly string[]) => void,
): MissingFiles {
  let missing: ReadonlySet<string> = new Set();
  let looking: Promise<void> | undefined;

  async function lookAtAll(): Promise<void> {
    const saved = [...entries.all()].flatMap(({ id, step }) =>
      step.kind === 'saved' ? [{ id, file: step.file }] : [],
    );
    const found = await Promise.all(saved.map(async ({ id, file }) => ((await isThere(file)) ? [] : [id])));
    const before = missing;
    missing = new Set(found.flat());
    const changed = saved.map(({ id }) => id).filter((id) => missing.has(id) !== before.has(id));
    if (changed.length > 0) onChange(changed);
  }

  return {
    has: (id) => missing.has(id),
    look() {
      looking ??= lookAtAll().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}

/** Whether there is a file of that absolute path. */
export async function isThere(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  return facts?.isFile() === true;
}
