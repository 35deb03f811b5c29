import { AppError } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import type { Backends } from '../backends/backends.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { findEntries } from './add-entries.ts';
import type { ListNews, Questions } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import type { EntriesDatabase } from './entries-database.ts';
import { isAtRest } from './entry.ts';

export interface AddVideosParts {
  readonly entries: Entries;
  readonly database: Pick<EntriesDatabase, 'nextOrder'>;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  /** Called once the found videos are in the list. */
  readonly onAdded: (news: ListNews & { readonly kind: 'added' }) => void;
}

/** Puts dropped files and folders into the list. */
export interface AddVideos extends AsyncDisposable {
  /** Resolves once they are in the list, or when the app ends. Throws what reading the folders throws. */
  add(paths: readonly string[], options?: OutputOptions): Promise<void>;
}

export function createAddVideos(parts: AddVideosParts): AddVideos {
  const { entries, database, backends, settings, questions, onAdded } = parts;
  const adding = new Set<Promise<void>>();
  const closing = new AbortController();
  const { signal } = closing;
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();

  async function findAndAdd(paths: readonly string[], options?: OutputOptions): Promise<void> {
    const found = await findEntries(paths, options, { backends, settings, questions }, signal).catch(
      (error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
    if (found === undefined || signal.aborted) return;
    if (found.entries.length > 0) {
      // A person who drops videos in the first run, before a backend is chosen, has chosen this computer.
      if (backends.currentKey() === undefined) void backends.useThisComputer();
      if (entries.ids((entry) => !isAtRest(entry)).length === 0) {
        entries.unlist(entries.ids(({ step }) => step.kind === 'saved'));
      }
      // The order is given here, because a later drop may have been found sooner.
      const order = database.nextOrder();
      entries.add(found.entries.map((entry, index) => ({ ...entry, order: order + index })));
    }
    onAdded({ kind: 'added', count: found.entries.length, leftOut: found.leftOut });
  }

  return {
    add(paths, options) {
      // A question may still be unanswered when the app ends.
      const one = Promise.race([findAndAdd(paths, options), closed]).finally(() => adding.delete(one));
      adding.add(one);
      return one;
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('cancelled', 'The app ends.'));
      close();
      await Promise.allSettled(adding);
    },
  };
}
