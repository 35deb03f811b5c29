import { dirname, join } from 'node:path';
import type { Conversion } from '../../../shared/api.ts';
import { outputFileName } from '../../../shared/formats.ts';
import type { FolderWords, Row, RowState } from '../../ipc.ts';
import { savedName } from './entries-database.ts';
import type { Entry } from './entry.ts';

/** What is known of an entry now, besides what is stored. */
export interface EntryNow {
  /** `signed_out`: it belongs to an account that is not signed in. */
  readonly backend: 'reachable' | 'unreachable' | 'signed_out';
  /** The host name of its server; absent for this computer. */
  readonly host?: string;
  /** Whether the whole list is paused. */
  readonly isPaused: boolean;
  /** Whether it is being handed over to its backend. */
  readonly isHandedOver: boolean;
  /** The part of its bytes that has been sent, 0–1; absent while none were. */
  readonly sent?: number;
  readonly state?: Conversion['state'];
  /** Seconds of sound a second. */
  readonly speed?: number;
  readonly leftSeconds?: number;
  /** How many are before it; absent if there are many. */
  readonly before?: number;
  readonly isFresh: boolean;
  /** Whether its MP3 is no longer where it was saved. */
  readonly isMissing: boolean;
}

/** The row of an entry. */
export function rowOf(entry: Entry, now: EntryNow, wordsOf: (folder: string) => FolderWords): Row {
  const { id, order, source, step, durationSeconds, tracks, options } = entry;
  const state = stateOf(entry, now, wordsOf);
  const resultBytes = 'result' in step ? step.result.bytes : undefined;
  const isReading = state.kind === 'reading' && entry.furthest === 0;
  return {
    id,
    order,
    sourceName: source.fileName,
    sourceBytes: source.bytes,
    state,
    weight: weightOf(entry),
    ...(step.kind === 'saved' ? { targetName: savedName(entry) ?? '' } : {}),
    ...(step.kind === 'unsaved' ? { targetName: outputFileName(source.fileName, options.format) } : {}),
    ...(isReading ? {} : { fraction: entry.furthest }),
    // Nothing moves in any other state.
    ...(now.leftSeconds !== undefined && (state.kind === 'uploading' || state.kind === 'converting')
      ? { leftSeconds: now.leftSeconds }
      : {}),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(resultBytes === undefined ? {} : { resultBytes }),
    ...(tracks === undefined ? {} : { tracks }),
    ...(options.track === undefined ? {} : { track: options.track }),
    ...(now.isFresh ? { fresh: true } : {}),
  };
}

/** Assumed bytes per second of a video whose length is not known: two megabits. */
const usualBytesPerSecond = 250_000;

/** About thirty years. A server may report any length, and the sum of all lengths is a divisor. */
const mostWeight = 1e9;

/** In seconds of sound, estimated from the size until the length is known. */
export function weightOf({ durationSeconds, source }: Entry): number {
  return Math.min(mostWeight, Math.max(1, durationSeconds ?? source.bytes / usualBytesPerSecond));
}

function stateOf(entry: Entry, now: EntryNow, wordsOf: (folder: string) => FolderWords): RowState {
  const { step } = entry;
  switch (step.kind) {
    case 'saved':
      return {
        kind: 'done',
        folder: wordsOf(dirname(step.file)),
        ...(step.kept === undefined ? {} : { kept: step.kept }),
        ...(entry.warnings[0] === undefined ? {} : { warning: entry.warnings[0] }),
        ...(now.isMissing ? { missing: true } : {}),
      };
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'failed':
      return {
        kind: 'failed',
        code: step.code,
        ...(step.details === undefined ? {} : { details: step.details }),
        ...(step.code === 'unknown' ? { message: step.message } : {}),
        otherTrack: (entry.tracks?.length ?? 0) > 1,
        ...(now.host === undefined ? {} : { host: now.host }),
      };
    case 'unsaved':
      return {
        kind: 'unsaved',
        reason: step.reason,
        neededBytes: step.result.bytes,
        ...(step.folder === undefined ? {} : { folder: wordsOf(step.folder) }),
      };
    default:
      return unfinishedState(entry, now, wordsOf);
  }
}

function unfinishedState(entry: Entry, now: EntryNow, wordsOf: (folder: string) => FolderWords): RowState {
  const { step } = entry;
  if (now.backend === 'signed_out') return { kind: 'signed_out', host: now.host ?? '' };
  const isAway = now.backend === 'unreachable' && now.host !== undefined;
  if (step.kind === 'finished' || step.kind === 'placing') {
    return isAway ? { kind: 'offline_converting' } : { kind: 'saving', folder: wordsOf(folderOf(entry)) };
  }
  if (step.kind === 'accepted') {
    if (isAway) return { kind: 'offline_converting' };
    if (now.state !== 'converting') return waiting(now);
    if (entry.durationSeconds === undefined) return { kind: 'reading' };
    return { kind: 'converting', ...(now.speed === undefined ? {} : { speed: now.speed }) };
  }
  if (entry.isHeld || now.isPaused) return { kind: 'paused' };
  const totalBytes = entry.source.bytes;
  const sentBytes = Math.round((now.sent ?? 0) * totalBytes);
  if (isAway) return { kind: 'offline_uploading', sentBytes, totalBytes };
  if (!now.isHandedOver) return waiting(now);
  if (now.host === undefined || now.sent === undefined) return { kind: 'reading' };
  return { kind: 'uploading', sentBytes, totalBytes, whole: true };
}

function waiting({ before }: EntryNow): RowState {
  return { kind: 'waiting', ...(before === undefined ? {} : { before }) };
}

/** Absolute path of the folder for its MP3. */
export function folderOf({ target, source, step }: Entry): string {
  if (step.kind === 'placing') return step.folder;
  return target.kind === 'beside' ? dirname(source.path) : join(target.path, source.subfolder);
}
