import type { HeldFfmpeg } from '../running/held-ffmpeg.ts';
import type { RunningProcess } from '../running/processes.ts';

/** What lies in a backend's storage: the names of the blobs, whole or not, and of whatever is on its way. */
export interface StoredFiles {
  readonly videos: readonly string[];
  readonly mp3s: readonly string[];
  readonly work: readonly string[];
}

/** A whole backend that runs, as the flow suite needs it: reached over HTTP, and to be treated badly. */
export interface FlowBackend extends AsyncDisposable {
  /** The gateway's address, without a slash at its end. Another one after a crash. */
  url(): string;
  /** What it converts with, before a crash and after it. */
  readonly ffmpeg: HeldFfmpeg;
  stored(): Promise<StoredFiles>;
  /** The ffmpegs, ffprobes and what contains them, that work for it now. */
  converting(): Promise<readonly RunningProcess[]>;
  /** `kill -9` of all its processes at once, and a new start over the same data. */
  crash(): Promise<void>;
  /** Stops every one of its processes without ending it, as a machine does that is put to sleep. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export type StartBackend = () => Promise<FlowBackend>;
