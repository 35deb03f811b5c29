import type { DeclarationRule, SourceFile } from './declared-duration-source.ts';

/**
 * AVI: the header of each track counts its chunks or samples (`dwLength`), which ffprobe gives as `nb_frames` in units
 * of the time base. ffprobe's `duration` is not used, since ffprobe shortens it if the file is cut. Silence at the
 * beginning counts.
 */
export const declareAvi: DeclarationRule = async ({ track }, file) => {
  const [numerator, denominator] = (track.time_base ?? '').split('/').map(Number);
  const seconds = (Number(track.nb_frames) * (numerator ?? Number.NaN)) / (denominator ?? Number.NaN);
  return { seconds, bytes: await endOfRiff(file) };
};

/** AIFF: the COMM chunk counts the samples. ffprobe gives this count even if the samples are missing. */
export const declareAiff: DeclarationRule = async ({ track }, file) => {
  const head = await file.readAt(0, 8);
  if (head.length < 8) return undefined;
  return { seconds: Number(track.duration), bytes: 8 + head.readUInt32BE(4) };
};

/**
 * WAVE: the size of the data chunk at the rate that the format chunk states. For compressed audio that rate is only an
 * average, so the number of samples in the fact chunk is used. RF64 keeps its sizes in a ds64 chunk (EBU Tech 3306).
 */
export const declareWave: DeclarationRule = async (_probe, file) => {
  const form = (await file.readAt(0, 4)).toString('latin1');
  if (form !== 'RIFF' && form !== 'RF64') return undefined;
  let bytesPerSecond = 0;
  let sampleRate = 0;
  let isConstantRate = false;
  let countedSamples: number | undefined;
  let longDataBytes: number | undefined;
  for await (const chunk of chunksFrom(file, 12)) {
    const body = await file.readAt(chunk.start, 32);
    if (chunk.id === 'fmt ' && body.length >= 16) {
      isConstantRate = constantRateFormats.has(body.readUInt16LE(0));
      sampleRate = body.readUInt32LE(4);
      bytesPerSecond = body.readUInt32LE(8);
    } else if (chunk.id === 'fact' && body.length >= 4) {
      countedSamples = body.readUInt32LE(0);
    } else if (chunk.id === 'ds64' && body.length >= 16) {
      longDataBytes = Number(body.readBigUInt64LE(8));
    } else if (chunk.id === 'data') {
      const bytes = form === 'RF64' ? longDataBytes : chunk.bytes;
      if (bytes === undefined || (form === 'RIFF' && bytes >= openEndedBytes)) return undefined;
      if (isConstantRate) return { seconds: bytes / bytesPerSecond, bytes: chunk.start + bytes };
      if (countedSamples === undefined) return undefined;
      return { seconds: countedSamples / sampleRate, bytes: chunk.start + bytes };
    }
  }
  return undefined;
};

/** PCM, floating point, A-law, µ-law, and the extensible format, which in practice is PCM (RFC 2361). */
const constantRateFormats: ReadonlySet<number> = new Set([1, 3, 6, 7, 0xfffe]);
/** Programs that write to a pipe use a size that means "until the end": 0x7ffff000, 0x80000000 or 0xffffffff. */
const openEndedBytes = 0x7fff0000;
const maxChunks = 1000;

interface Chunk {
  readonly id: string;
  /** Position and size of the contents, in bytes. */
  readonly start: number;
  readonly bytes: number;
}

async function* chunksFrom(file: SourceFile, position: number): AsyncGenerator<Chunk> {
  let at = position;
  for (let count = 0; count < maxChunks; count += 1) {
    const header = await file.readAt(at, 8);
    if (header.length < 8) return;
    const bytes = header.readUInt32LE(4);
    yield { id: header.toString('latin1', 0, 4), start: at + 8, bytes };
    // Chunks begin at even positions.
    at += 8 + bytes + (bytes % 2);
  }
}

/** An AVI of more than a gigabyte consists of several RIFF forms in a row. */
async function endOfRiff(file: SourceFile): Promise<number> {
  let end = 0;
  for await (const chunk of chunksFrom(file, 0)) {
    if (chunk.id !== 'RIFF') break;
    end = chunk.start + chunk.bytes;
  }
  return end;
}
