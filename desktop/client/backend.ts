import type { Batch, Conversion, Notification } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { FileVersion } from '../../shared/file-version.ts';
import type { OutputOptions } from '../../shared/formats.ts';

/** A file on this computer that shall be converted. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string;
  /** The name of the file. The name of the MP3 is made from it. */
  readonly fileName: string;
  readonly bytes: number;
}

/** A file to convert, and how. */
export interface Submission {
  readonly file: SourceFile;
  readonly options: OutputOptions;
  readonly batch?: Batch;
  /** Called with the fraction (0–1) of bytes sent, if the file is uploaded. */
  readonly onSent?: (fraction: number) => void;
  /** Set to resume after a stop, a lost connection or a crash. Without it, a submission that fails leaves nothing behind. */
  readonly resumable?: ResumableSubmission;
}

/**
 * A submission that can be repeated until it succeeds and still makes only one conversion. The backend keeps the bytes that it
 * received, and they are not sent again. A caller that gives up must remove the conversion with that id.
 */
export interface ResumableSubmission {
  /** The id from an earlier try. If the backend no longer knows it, the submission starts over with a new id. */
  readonly id?: string;
  /** The upload that an earlier try has begun, even if it did not learn its id. If the file has changed since, it starts over. */
  readonly upload?: BegunUpload;
  /** Called before a server is asked to create an upload, so that the caller can store it. The submission waits for it. */
  readonly onUpload?: (upload: BegunUpload) => void | Promise<void>;
  /** Called with the id of the conversion as soon as there is one, so that the caller can store it. The submission waits for it. */
  readonly onBegun: (id: string) => void | Promise<void>;
  /** After an abort: whether the caller wants the conversion no more. Then `onBegun` is called with any that was created. */
  readonly isGivenUp?: () => boolean;
}

/** An upload, before its server has given it an id. */
export interface BegunUpload {
  /** A creation that is repeated with this UUID makes no second upload. */
  readonly key: string;
  readonly version: FileVersion;
}

/** A finished MP3, ready to be read from a backend. */
export interface OpenedResult {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** The bytes. They can be read once. Leaving the loop early closes the source. Throws an AppError if reading fails. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Absolute path of the file with these bytes, if it is on this computer. */
  readonly path?: string;
}

/**
 * What converts: this computer or a server. The app and the command line do not distinguish between them. Every method throws an
 * AppError: `not_found` if there is no such conversion, `wrong_state` if its state does not allow the call, `gone` if its MP3 is no
 * longer there, and `unavailable` if the backend cannot be reached. An abort throws the signal's reason.
 */
export interface Backend {
  /**
   * Submits a file, by its path or by uploading its bytes. Throws `source_missing`, `source_unreadable` or `too_large`. When `signal`
   * aborts it, no conversion is left behind, unless it is resumable.
   */
  submit(submission: Submission, signal: AbortSignal): Promise<Conversion>;
  /** Calls `listener` with each event from now on. Returns a function that ends this. Events may be lost; `get` is reliable. */
  follow(listener: (event: ServerEvent) => void): () => void;
  get(id: string): Promise<Conversion>;
  /** Opens the MP3 of a conversion that is done. */
  openResult(id: string, signal: AbortSignal): Promise<OpenedResult>;
  cancel(id: string): Promise<Conversion>;
  /** Starts a failed or cancelled conversion again. */
  retry(id: string, options?: OutputOptions): Promise<Conversion>;
  /** Cancels the conversion if it runs, and deletes it with its files. The person's own files are never deleted. */
  remove(id: string): Promise<void>;
  /** Deletes all ended conversions with their files. */
  clear(): Promise<void>;
  /** The latest notifications, newest first. */
  notifications(): Promise<readonly Notification[]>;
  markRead(ids: readonly string[]): Promise<void>;
  /** Closes the connection. Also stops the backend if it runs only for this client. */
  close(): Promise<void>;
}
