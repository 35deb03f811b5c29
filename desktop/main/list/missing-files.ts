import { stat } from 'node:fs/promises';
import type { Entries } from './entries.ts';

/** The MP3s of the list that were missing at the last check. */
export interface MissingFiles {
  has(id: string): boolean;
  /** Checks them all. A call during a check resolves with that check. */
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

/** Whether there is a file at that absolute path. */
export async function isThere(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  return facts?.isFile() === true;
}
