import { stat } from 'node:fs/promises';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import { sourceError } from '../../../shared/words/system-failures.ts';
import type { Backend } from '../../client/backend.ts';
import { sentShare } from '../../client/overall-progress.ts';
import type { KnownBackend } from '../backends/backends.ts';
import type { CallOutbox } from './call-outbox.ts';
import type { Entries } from './entries.ts';
import { conversionIdOf, type Entry } from './entry.ts';
import { type LiveEntries, monotonicSeconds as now } from './live-entries.ts';

export interface HandOver {
  readonly entries: Entries;
  readonly live: LiveEntries;
  readonly outbox: CallOutbox;
  /** Stops this run. While it is the entry's current one, a later run resumes with the conversion that the backend has by then. */
  readonly controller: AbortController;
  /** Aborted when the app ends. */
  readonly closing: AbortSignal;
}

/**
 * Submits an entry to its backend, resumes an earlier submission, or retries its conversion. Resolves with the conversion; undefined if
 * the entry was cancelled or removed meanwhile. Throws what `Backend.submit` throws.
 */
export async function handOverEntry(
  entry: Entry,
  { backend, key }: KnownBackend,
  handOver: HandOver,
): Promise<Conversion | undefined> {
  const { entries, outbox } = handOver;
  const startedAgain = isAgain(entry) ? await startAgainThere(entry, backend, handOver) : undefined;
  const conversion = startedAgain ?? (await submit(entry.id, backend, handOver));
  if (isMine(entry, handOver)) return conversion;
  // It was cancelled or removed meanwhile, or another run has begun.
  const { id: conversionId, state } = conversion;
  const now = entries.byConversion(conversionId);
  if (now === undefined) outbox.add({ conversionId, backendKey: key, action: 'remove' });
  else if (now.step.kind === 'cancelled' && !hasEnded(state) && state !== 'uploading') {
    outbox.add({ conversionId, backendKey: key, action: 'cancel' });
  }
  return undefined;
}

function isMine({ id }: Entry, { live, controller }: HandOver): boolean {
  return live.get(id)?.controller === controller;
}

function isAgain({ step }: Entry): boolean {
  return step.kind === 'begun' && step.isAgain === true;
}

/** Undefined if it must be submitted after all. */
async function startAgainThere(entry: Entry, backend: Backend, handOver: HandOver): Promise<Conversion | undefined> {
  const { entries, outbox } = handOver;
  const conversionId = conversionIdOf(entry) ?? '';
  // A cancellation that is under way might otherwise arrive after the retry.
  await outbox.settled(conversionId);
  outbox.drop(conversionId);
  try {
    let conversion = await backend.get(conversionId);
    if (conversion.state === 'failed' || conversion.state === 'cancelled') {
      conversion = await backend.retry(conversionId, entry.options);
    }
    entries.apply(entry.id, { type: 'begun', conversionId, revision: conversion.revision });
    return conversion.state === 'uploading' ? undefined : conversion;
  } catch (error) {
    if (!isAppError(error, 'not_found', 'gone')) throw error;
    entries.apply(entry.id, { type: 'taken_back' });
    return undefined;
  }
}

async function submit(id: string, backend: Backend, handOver: HandOver): Promise<Conversion> {
  const { entries, live, outbox, controller, closing } = handOver;
  const entry = entries.get(id);
  if (entry === undefined || !isMine(entry, handOver)) throw controller.signal.reason;
  const { source, options, batchId, batchSize, backendKey, upload } = entry;
  const { size } = await stat(source.path).catch((error: unknown) => {
    throw sourceError(error);
  });
  const earlier = conversionIdOf(entry);
  return await backend.submit(
    {
      file: { path: source.path, fileName: source.fileName, bytes: size },
      options,
      batch: { batchId, batchSize },
      onSent: (sent) => hearSent(id, sent, entries, live),
      resumable: {
        ...(earlier === undefined ? {} : { id: earlier }),
        ...(upload === undefined ? {} : { upload }),
        onUpload(begun) {
          if (!isMine(entry, handOver)) throw controller.signal.reason;
          entries.apply(id, { type: 'uploading', upload: begun });
        },
        isGivenUp: () => !isMine(entry, handOver),
        onBegun(conversionId) {
          if (isMine(entry, handOver)) entries.apply(id, { type: 'begun', conversionId });
          else {
            outbox.add({ conversionId, backendKey, action: 'remove' });
            throw controller.signal.reason;
          }
        },
      },
    },
    AbortSignal.any([controller.signal, closing]),
  );
}

function hearSent(id: string, sent: number, entries: Entries, live: LiveEntries): void {
  const sentSince = live.get(id)?.sentSince ?? now();
  const seconds = now() - sentSince;
  const etaSeconds = sent > 0.01 ? { etaSeconds: ((1 - sent) * seconds) / sent } : {};
  live.updateMoving(id, { sent, sentSince, ...etaSeconds });
  entries.apply(id, { type: 'moved', fraction: sentShare * sent });
}
