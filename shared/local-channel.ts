import type { Batch, Conversion, Notification } from './api.ts';
import type { ServerEvent } from './events.ts';
import type { OutputOptions } from './formats.ts';

/** A file on this computer that is to be converted where it lies. */
export interface LocalSubmission extends Partial<Batch> {
  /** Chosen by whoever submits, a UUID: submitted once more, after a crash, it is still one conversion. */
  readonly id?: string;
  /** Absolute path. */
  readonly path: string;
  /** What the person calls it; the output's name is made from this. */
  readonly fileName: string;
  readonly options: OutputOptions;
}

/** Where a finished MP3 lies on this computer until it is saved: never to be written to. */
export interface LocalResult {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * The private way into the embedded backend: a call in the same process, or a message port from the app; never HTTP. It
 * acts as the built-in account `local`. All that crosses it is plain data, so that it can be posted. Every method throws
 * an AppError: `not_found`, `wrong_state` or `gone` for a conversion that is not there, not so, or not there any more.
 */
export interface LocalChannel {
  /** Takes over the file at its path. Throws `source_missing` or `source_unreadable`. */
  submit(submission: LocalSubmission): Promise<Conversion>;
  get(id: string): Promise<Conversion>;
  result(id: string): Promise<LocalResult>;
  cancel(id: string): Promise<Conversion>;
  retry(id: string, options?: OutputOptions): Promise<Conversion>;
  remove(id: string): Promise<void>;
  /** Removes all that have ended. */
  clear(): Promise<void>;
  /** The latest ones, newest first. */
  notifications(): Promise<readonly Notification[]>;
  markRead(ids: readonly string[]): Promise<void>;
  /** Calls `listener` with all that happens from now on; returns what ends it. */
  subscribe(listener: (event: ServerEvent) => void): () => void;
}
