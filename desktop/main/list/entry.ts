import type { Result, Track, Warning } from '../../../shared/api.ts';
import type { ErrorCode, ErrorDetails } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import type { UnsavedReason, WhenTaken } from '../../ipc.ts';
import type { BackendKey } from '../backends/backends.ts';
import type { ChosenFolder } from '../settings/settings-store.ts';

/** The video of an entry, as it was when it was added. */
export interface EntrySource {
  /** Absolute path. */
  readonly path: string;
  readonly fileName: string;
  readonly bytes: number;
  /** Where the file system tells one. */
  readonly identity?: string;
  /** The folders between the folder that was dropped and the file; empty for one that was dropped itself. */
  readonly subfolder: string;
}

/** A finished conversion whose MP3 its backend has. */
interface Finished {
  readonly conversionId: string;
  readonly result: Result;
}

/** How far an entry is on its way: what is written down, so that the next start goes on from there. */
export type Step =
  | { readonly kind: 'new' }
  /** Its backend was told of it; its bytes may be under way. */
  | {
      readonly kind: 'begun';
      readonly conversionId: string;
      /** The person wants it once more: where it has ended at its backend, it is started again there. */
      readonly isAgain?: true;
    }
  /** Its backend has all that it needs. */
  | { readonly kind: 'accepted'; readonly conversionId: string }
  /** The MP3 is to be saved. */
  | ({ readonly kind: 'finished' } & Finished)
  /** The MP3 may lie in the folder already, under this name or one with a number in it. */
  | ({ readonly kind: 'placing'; readonly folder: string; readonly fileName: string } & Finished)
  /** The MP3 could not be saved, and its backend keeps it. */
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

/** One video that was dropped, from then until it is cleared from the list and from the history. */
export interface Entry {
  readonly id: string;
  /** Ascending in the order dropped. */
  readonly order: number;
  readonly source: EntrySource;
  readonly batchId: string;
  readonly batchSize: number;
  readonly options: OutputOptions;
  readonly backendKey: BackendKey;
  /** As it was chosen when the video was dropped; never `ask`. */
  readonly target: Exclude<ChosenFolder, { kind: 'ask' }>;
  readonly whenTaken: WhenTaken;
  readonly step: Step;
  /** The person holds it. */
  readonly isHeld: boolean;
  /** Of the whole way, 0–1: as far as it has been. */
  readonly furthest: number;
  /** Whether it is in the list; a saved one may be in the history alone. */
  readonly isListed: boolean;
  readonly attempt?: number;
  readonly durationSeconds?: number;
  readonly tracks?: readonly Track[];
  readonly warnings: readonly Warning[];
  readonly peaks?: readonly number[];
  /** Milliseconds since 1970. */
  readonly savedAt?: number;
}

/** Whether nothing more happens to it by itself. */
export function isAtRest({ step }: Entry): boolean {
  return step.kind === 'saved' || step.kind === 'cancelled' || step.kind === 'failed';
}

/** The conversion at its backend, where there is one. */
export function conversionIdOf({ step }: Entry): string | undefined {
  return step.kind === 'new' ? undefined : step.conversionId;
}
