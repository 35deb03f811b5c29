import type { Batch, Conversion, Notification } from './api.ts';
import type { ServerEvent } from './events.ts';
import type { OutputOptions } from './formats.ts';

/** A file on this computer to convert in place. */
export interface LocalSubmission extends Partial<Batch> {
  /** A UUID that the submitter chooses. Submitting it again, after a crash, makes no second conversion. */
  readonly id?: string;
  /** Absolute path. */
  readonly path: string;
  /** The name of the file as the person knows it. The output's name is made from it. */
  readonly fileName: string;
  readonly options: OutputOptions;
}

/** A finished MP3 on this computer, until it is saved. It must not be written to. */
export interface LocalResult {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * The private channel to the embedded backend: a call in the same process, or a message port from the app; never HTTP.
 * It acts as the built-in account `local`. All arguments and results are plain data, so that they can be posted. Every
 * method throws an AppError: `not_found` if the conversion does not exist, `wrong_state` if its state does not allow
 * the call, `gone` if its files were removed.
 */
export interface LocalChannel {
  /** Queues the file at the given path. Throws `source_missing` or `source_unreadable`. */
  submit(submission: LocalSubmission): Promise<Conversion>;
  get(id: string): Promise<Conversion>;
  result(id: string): Promise<LocalResult>;
  cancel(id: string): Promise<Conversion>;
  retry(id: string, options?: OutputOptions): Promise<Conversion>;
  remove(id: string): Promise<void>;
  /** Removes all conversions that have ended. */
  clear(): Promise<void>;
  /** The latest notifications, newest first. */
  notifications(): Promise<readonly Notification[]>;
  markRead(ids: readonly string[]): Promise<void>;
  /** Calls `listener` with every event from now on. Returns a function that ends this. */
  subscribe(listener: (event: ServerEvent) => void): () => void;
}
