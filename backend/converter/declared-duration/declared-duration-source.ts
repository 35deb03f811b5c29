import { open } from 'node:fs/promises';
import { failure } from '../../../shared/words/failure-sentence.ts';

/** The fields of `ffprobe -show_format -of json` that are needed here. */
export interface ProbedFormat {
  readonly format_name: string;
  readonly duration?: string | undefined;
}

/** The fields of `ffprobe -show_streams -of json` that are needed here, for the audio track that is converted. */
export interface ProbedTrack {
  readonly start_time?: string | undefined;
  readonly duration?: string | undefined;
  readonly time_base?: string | undefined;
  readonly nb_frames?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface TrackProbe {
  readonly format: ProbedFormat;
  readonly track: ProbedTrack;
}

/** What a container states. */
export interface Declaration {
  /** Duration of the track. */
  readonly seconds: number;
  /**
   * The size that the file must have at least. Absent if the container does not say; then only the duration is
   * compared.
   */
  readonly bytes?: number;
}

/** Reads what one kind of container states. The file is hostile: any size in it may be wrong. */
export type DeclarationRule = (probe: TrackProbe, file: SourceFile) => Promise<Declaration | undefined>;

export interface SourceFile extends AsyncDisposable {
  readonly bytes: number;
  /** Returns fewer bytes than requested only at the end of the file, and none for positions outside of it. */
  readAt(position: number, length: number): Promise<Buffer>;
}

/** Opens a file of `bytes` bytes. Opening and reading throw `source_unreadable`. */
export async function openSource(path: string, bytes: number): Promise<SourceFile> {
  const handle = await open(path).catch(refuse);
  return {
    bytes,
    async readAt(position, length) {
      const isInside = position >= 0 && position < bytes;
      const available = isInside ? Math.max(0, Math.min(length, bytes - position)) : 0;
      const buffer = Buffer.alloc(available);
      let filled = 0;
      while (filled < available) {
        const { bytesRead } = await handle.read(buffer, filled, available - filled, position + filled).catch(refuse);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function refuse(cause: unknown): never {
  throw failure('source_unreadable', { cause });
}

/** The part of the whole file's duration that is left for a track that starts later. */
export function lessLateStart(seconds: number, track: ProbedTrack): number {
  return seconds - Math.max(0, Number(track.start_time) || 0);
}
