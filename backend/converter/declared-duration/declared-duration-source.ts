import { open } from 'node:fs/promises';
import { failure } from '../../../shared/words/failure-sentence.ts';

/** Of `ffprobe -show_format -of json`, what is needed here. */
export interface ProbedFormat {
  readonly format_name: string;
  readonly duration?: string | undefined;
}

/** Of `ffprobe -show_streams -of json`, what is needed here of the audio track that is converted. */
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

/** What a container says of itself. */
export interface Declaration {
  /** Of the track's sound. */
  readonly seconds: number;
  /** How large the file must be at least; absent where the container does not say, and then its length alone decides. */
  readonly bytes?: number;
}

/** Reads what one kind of container declares. The file is hostile: every size in it may be anything. */
export type DeclarationRule = (probe: TrackProbe, file: SourceFile) => Promise<Declaration | undefined>;

export interface SourceFile extends AsyncDisposable {
  readonly bytes: number;
  /** Fewer bytes than asked for only at the file's end; none outside of it, wherever a size in the file may lead. */
  readAt(position: number, length: number): Promise<Buffer>;
}

/** Throws `source_unreadable`, as reading from it does. */
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

/** Of the whole film's length, what is left for a track that begins later. */
export function lessLateStart(seconds: number, track: ProbedTrack): number {
  return seconds - Math.max(0, Number(track.start_time) || 0);
}
