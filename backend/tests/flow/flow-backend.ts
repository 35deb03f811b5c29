import type { Credentials } from '../../../shared/api.ts';
import type { HeldFfmpeg } from '../running/held-ffmpeg.ts';
import type { RunningProcess } from '../running/processes.ts';
import type { FlowMail } from './flow-mail.ts';

/** What is in a backend's storage: the names of the blobs, finished or not, and of work in progress. */
export interface StoredFiles {
  readonly videos: readonly string[];
  readonly mp3s: readonly string[];
  readonly work: readonly string[];
}

/** An account that an administrator adds. */
export interface AddedAccount extends Credentials {
  readonly admin: boolean;
}

/** A complete running backend for the flow suite, reached over HTTP. It can be killed and frozen. */
export interface FlowBackend extends AsyncDisposable {
  /** The address of the gateway, without a trailing slash. It changes after a crash. */
  url(): string;
  /** The ffmpeg that it uses, before and after a crash. */
  readonly ffmpeg: HeldFfmpeg;
  readonly mail: FlowMail;
  /** The secret with which it signs tokens. */
  readonly signingSecret: string;
  /** Adds an account with a confirmed address, as `soundlift user add` does. */
  addAccount(account: AddedAccount): Promise<void>;
  /** Everything that it stores about accounts, as bytes. */
  storedAccounts(): Promise<Buffer>;
  stored(): Promise<StoredFiles>;
  /** The ffmpeg and ffprobe processes, with their launchers, that work for it now. */
  converting(): Promise<readonly RunningProcess[]>;
  /** Removes blobs that no row needs, which is done once an hour. Does nothing if a start has done it. */
  sweep(): Promise<void>;
  /** Kills all its processes at once with SIGKILL, and starts it again with the same data. */
  crash(): Promise<void>;
  /** Stops all its processes without ending them, as on a machine that sleeps. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}
