import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Conversion, type ConversionState, hasEnded } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { outputFileName } from '../../shared/formats.ts';
import type { LocalChannel, LocalSubmission } from '../../shared/local-channel.ts';
import { sayShared } from '../../shared/words/say.ts';

/** The state in which a submission ends in the stand-in; `converting` never ends by itself. */
export type Fate = Exclude<ConversionState, 'uploading' | 'queued'>;

export interface CopyingChannel extends LocalChannel, AsyncDisposable {
  /** All conversions in their current state, without removed ones. */
  readonly conversions: ReadonlyMap<string, Conversion>;
  readonly submissions: readonly LocalSubmission[];
  /** The largest number of unfinished conversions at any time. */
  readonly mostActive: number;
  /** File names of the stored MP3s. */
  kept(): Promise<readonly string[]>;
  listeners(): number;
}

/**
 * A stand-in for the embedded backend, for tests of decisions that only the client makes. It "converts" thousands of files quickly,
 * by copying them, or never ends, as `fateOf` says. Everything that depends on a real conversion is tested on the real backend.
 */
export async function openCopyingChannel(fateOf: (fileName: string) => Fate = () => 'done'): Promise<CopyingChannel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-copying-'));
  const conversions = new Map<string, Conversion>();
  const submissions: LocalSubmission[] = [];
  const listeners = new Set<(event: ServerEvent) => void>();
  const underWay = new Set<Promise<void>>();
  let mostActive = 0;

  function tell(event: ServerEvent): void {
    for (const listener of listeners) listener(event);
  }

  function found(id: string): Conversion {
    const conversion = conversions.get(id);
    if (conversion === undefined) throw new AppError('not_found', 'There is no such conversion.');
    return conversion;
  }

  function change(id: string, changes: Partial<Conversion>): void {
    const before = conversions.get(id);
    if (before === undefined) return;
    const conversion = { ...before, ...changes, revision: before.revision + 1 };
    conversions.set(id, conversion);
    tell({ type: 'conversion', conversion });
  }

  async function convert(id: string, source: string, fate: Fate): Promise<void> {
    change(id, { state: 'converting', durationSeconds: 10 });
    tell({ type: 'progress', id, revision: found(id).revision, progress: 0.5, speed: 20 });
    await nextTurn();
    if (fate === 'converting') return;
    if (fate === 'failed') {
      change(id, { state: 'failed', error: { code: 'not_media', message: 'This is no video.' } });
    } else if (fate === 'cancelled') {
      change(id, { state: 'cancelled' });
    } else {
      if (!conversions.has(id)) return;
      const bytes = await readFile(source);
      await copyFile(source, path.join(folder, id));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const fileName = outputFileName(path.basename(source), 'mp3');
      change(id, { state: 'done', result: { fileName, bytes: bytes.length, durationSeconds: 10, sha256 } });
    }
  }

  return {
    conversions,
    submissions,
    get mostActive() {
      return mostActive;
    },
    kept: () => readdir(folder),
    listeners: () => listeners.size,

    async submit(submission) {
      const { fileName, options, batchId } = submission;
      const fate = fateOf(fileName);
      const time = new Date().toISOString();
      const conversion: Conversion = {
        id: submission.id,
        revision: 0,
        state: 'queued',
        fileName,
        ...(batchId === undefined ? {} : { batchId }),
        sourceBytes: 1,
        progress: 0,
        attempt: 1,
        options,
        warnings: [],
        createdAt: time,
        updatedAt: time,
      };
      submissions.push(submission);
      conversions.set(conversion.id, conversion);
      tell({ type: 'conversion', conversion });
      const active = [...conversions.values()].filter(({ state }) => state === 'queued' || state === 'converting');
      mostActive = Math.max(mostActive, active.length);
      const converting = convert(conversion.id, submission.path, fate).finally(() => underWay.delete(converting));
      underWay.add(converting);
      // Answer after the first events, because a real backend may do so.
      await nextTurn();
      return conversion;
    },

    get: async (id) => found(id),
    async result(id) {
      const { result } = found(id);
      if (result === undefined) throw new AppError('wrong_state', sayShared('failNotDone'));
      return { path: path.join(folder, id), bytes: result.bytes, sha256: result.sha256 };
    },
    async cancel(id) {
      change(id, { state: 'cancelled' });
      return found(id);
    },
    async retry(id) {
      change(id, { state: 'queued' });
      return found(id);
    },
    async clear() {
      for (const { id, state } of [...conversions.values()]) if (hasEnded(state)) conversions.delete(id);
    },
    notifications: async () => [],
    async markRead() {},
    async remove(id) {
      found(id);
      conversions.delete(id);
      await rm(path.join(folder, id), { force: true });
      tell({ type: 'removed', ids: [id] });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(underWay);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
