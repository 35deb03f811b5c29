import type { Batch, Conversion, Notification } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { OutputOptions } from '../../shared/formats.ts';

/** A file of this computer that a person wants converted. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string;
  /** What the person calls it; the output's name is made from this. */
  readonly fileName: string;
  readonly bytes: number;
}

/** A file to be converted, and how. */
export interface Submission {
  readonly file: SourceFile;
  readonly options: OutputOptions;
  readonly batch?: Batch;
  /** Where bytes have to be sent: called with the fraction 0–1 of them that was. */
  readonly onSent?: (fraction: number) => void;
  /** For who goes on after a stop, a lost connection or a crash. Without: what ends early leaves nothing behind. */
  readonly resumable?: ResumableSubmission;
}

/**
 * A submission that may be made again until it has succeeded, and is one conversion all the same. What has ended early stays with the
 * backend: bytes that were sent are not sent again. Whoever does not go on with it removes the conversion of that id.
 */
export interface ResumableSubmission {
  /** As an earlier try was told it. One that the backend knows no more begins anew, with another id. */
  readonly id?: string;
  /** Called with the conversion's id, and waited for, as soon as there is one and before all else: to be written down. */
  readonly onBegun: (id: string) => void | Promise<void>;
}

/** A finished MP3 on its way out of a backend. */
export interface OpenedResult {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Its bytes, once. Leaving the loop early closes what is behind it. Throws an AppError when they cannot be read to the end. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Absolute path of the file that has these bytes, where that lies on this computer. */
  readonly path?: string;
}

/**
 * What converts: on this computer or on a server. The app and the command line never ask which it is. Every method throws an
 * AppError: `not_found`, `wrong_state` or `gone` for a conversion that is not there, not so, or not there any more, and
 * `unavailable` when the backend cannot be reached; an abort throws the signal's reason.
 */
export interface Backend {
  /**
   * Hands a file over: by its path, or by its bytes. Throws `source_missing`, `source_unreadable` or `too_large`. When `signal` ends it, no
   * conversion is left behind, but for a resumable one.
   */
  submit(submission: Submission, signal: AbortSignal): Promise<Conversion>;
  /** Calls `listener` with all that happens from now on; returns what ends it. Events may be lost: `get` tells the truth. */
  follow(listener: (event: ServerEvent) => void): () => void;
  get(id: string): Promise<Conversion>;
  /** The MP3 of a conversion that is done. */
  openResult(id: string, signal: AbortSignal): Promise<OpenedResult>;
  cancel(id: string): Promise<Conversion>;
  /** Starts a failed or cancelled one again. */
  retry(id: string, options?: OutputOptions): Promise<Conversion>;
  /** Cancels it where it runs, and forgets it and its files; never the person's own. */
  remove(id: string): Promise<void>;
  /** Forgets all that have ended, with their files. */
  clear(): Promise<void>;
  /** The latest ones, newest first. */
  notifications(): Promise<readonly Notification[]>;
  markRead(ids: readonly string[]): Promise<void>;
  /** Ends the connection, and the backend where it runs for this client alone. */
  close(): Promise<void>;
}
