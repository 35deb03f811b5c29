import type { Result, Track, Warning } from '../../../shared/api.ts';
import type { ErrorCode, ErrorDetails } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import type { BegunUpload } from '../../client/backend.ts';
import type { UnsavedReason, WhenTaken } from '../../ipc.ts';
import type { BackendKey } from '../backends/backends.ts';
import type { ChosenFolder } from '../settings/settings-store.ts';

/** The video of an entry, as it was when it was added. */
export interface EntrySource {
  /** Absolute path. */
  readonly path: string;
  readonly fileName: string;
  readonly bytes: number;
  /** Identity of the file, if the file system has one. */
  readonly identity?: string;
  /** The folders between the dropped folder and the file; empty for a file that was dropped itself. */
  readonly subfolder: string;
}

/** A finished conversion whose MP3 is at its backend. */
interface Finished {
  readonly conversionId: string;
  readonly result: Result;
}

/** The stored progress of an entry, from which the next start resumes. */
export type Step =
  | { readonly kind: 'new' }
  /** It has a conversion at its backend; its bytes may still be uploading. */
  | {
      readonly kind: 'begun';
      readonly conversionId: string;
      /** The person has started it again. If its conversion has ended at the backend, it is retried there. */
      readonly isAgain?: true;
    }
  /** Its backend has the whole source. */
  | { readonly kind: 'accepted'; readonly conversionId: string }
  /** The MP3 must be saved. */
  | ({ readonly kind: 'finished' } & Finished)
  /** The MP3 may already be in the folder, under this name or one with a number. */
  | ({ readonly kind: 'placing'; readonly folder: string; readonly fileName: string } & Finished)
  /** The MP3 could not be saved; its backend keeps it. */
  | ({ readonly kind: 'unsaved'; readonly reason: UnsavedReason; readonly folder?: string } & Finished)
  /** `kept`: the name of the file that was there already. */
  | {
      readonly kind: 'saved';
      readonly file: string;
      readonly result: Result;
      readonly conversionId: string;
      readonly kept?: string;
    }
  | { readonly kind: 'cancelled'; readonly conversionId?: string }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: ErrorDetails;
      readonly conversionId?: string;
    };

/** One dropped video, until it is cleared from the list and from the history. */
export interface Entry {
  readonly id: string;
  /** Ascending in the order dropped. */
  readonly order: number;
  readonly source: EntrySource;
  readonly batchId: string;
  readonly batchSize: number;
  readonly options: OutputOptions;
  readonly backendKey: BackendKey;
  /** As chosen when the video was dropped; never `ask`. */
  readonly target: Exclude<ChosenFolder, { kind: 'ask' }>;
  readonly whenTaken: WhenTaken;
  readonly step: Step;
  /** The upload to its server, stored before the server hears of it. */
  readonly upload?: BegunUpload;
  /** Whether the person has paused it. */
  readonly isHeld: boolean;
  /** The highest overall progress so far, 0–1. */
  readonly furthest: number;
  /** Whether it is in the list. A saved entry may be only in the history. */
  readonly isListed: boolean;
  readonly attempt?: number;
  /** Of its conversion: the newest that was heard of. */
  readonly revision?: number;
  readonly durationSeconds?: number;
  readonly tracks?: readonly Track[];
  readonly warnings: readonly Warning[];
  readonly peaks?: readonly number[];
  /** Milliseconds since 1970. */
  readonly savedAt?: number;
}

/** Whether it has ended: nothing more happens to it by itself. */
export function isAtRest({ step }: Entry): boolean {
  return step.kind === 'saved' || step.kind === 'cancelled' || step.kind === 'failed';
}

/** The id of its conversion at the backend, if there is one. */
export function conversionIdOf({ step }: Entry): string | undefined {
  return step.kind === 'new' ? undefined : step.conversionId;
}
