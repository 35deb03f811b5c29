import type { Warning } from '../../../shared/api.ts';
import { declareAsf } from './declared-duration-asf.ts';
import { declareAiff, declareAvi, declareWave } from './declared-duration-chunks.ts';
import { declareFlv } from './declared-duration-flv.ts';
import { declareMatroska } from './declared-duration-matroska.ts';
import { declareMp3 } from './declared-duration-mp3.ts';
import { declareMp4 } from './declared-duration-mp4.ts';
import { type Declaration, type DeclarationRule, openSource, type TrackProbe } from './declared-duration-source.ts';

export type { TrackProbe } from './declared-duration-source.ts';

/**
 * How much less sound than the container declares is no loss. Above everything that a whole file may lack: an encoder's
 * priming and a last frame (2 × 2048 samples of HE-AAC are 0.26 s at 16 kHz, CAF counts its last frame as full), and time
 * stamps rounded to milliseconds; below what anyone would miss.
 */
const toleranceSeconds = 0.5;

/** A download's place is often made before it arrives: what has not come is zeros. */
const zeroTailBytes = 4096;

/**
 * Who states what, by the first name that ffprobe gives the container. Not here, because they state nothing that is exact:
 * MPEG transport and programme streams, ADTS and other bare streams, Ogg, and what is written live.
 */
const rules: Readonly<Record<string, DeclarationRule>> = {
  aiff: declareAiff,
  asf: declareAsf,
  avi: declareAvi,
  // STREAMINFO counts the samples; a stream without a count has no duration here.
  flac: async ({ track }) => ({ seconds: Number(track.duration) }),
  flv: declareFlv,
  matroska: declareMatroska,
  mov: declareMp4,
  mp3: declareMp3,
  wav: declareWave,
};

/**
 * The length that the container states for the track of `probe`, wherever the sound really ends; undefined where it
 * states none exactly. Where only the whole film's length is stated, that counts, less the track's late start, once the file is
 * known to be cut. AVI and fragmented MP4 count silence before a late track as its own: compare through {@link findCutShort}.
 * Throws `source_unreadable`.
 */
export async function declaredDuration(
  probe: TrackProbe,
  path: string,
  bytes: number,
): Promise<Declaration | undefined> {
  const rule = rules[probe.format.format_name.split(',')[0] ?? ''];
  if (rule === undefined) return undefined;
  await using file = await openSource(path, bytes);
  const declaration = await rule(probe, file);
  return declaration && Number.isFinite(declaration.seconds) && declaration.seconds > 0 ? declaration : undefined;
}

/**
 * Whether a file breaks off: its container states more sound than `decodedSeconds`, and bytes are missing at its end. The
 * second is asked for because whole files give less than they state, too: pauses in a recording, sound that begins late, tags
 * that a trimming program forgot to change, damage in the middle. Throws `source_unreadable`.
 */
export async function findCutShort(
  probe: TrackProbe,
  source: { readonly path: string; readonly bytes: number },
  decodedSeconds: number,
): Promise<Extract<Warning, { code: 'cut_short' }> | undefined> {
  const declaration = await declaredDuration(probe, source.path, source.bytes);
  if (declaration === undefined || decodedSeconds + toleranceSeconds >= declaration.seconds) return undefined;
  if (declaration.bytes !== undefined && declaration.bytes <= source.bytes) {
    await using file = await openSource(source.path, source.bytes);
    const tail = await file.readAt(Math.max(0, source.bytes - zeroTailBytes), zeroTailBytes);
    if (tail.some((byte) => byte !== 0)) return undefined;
  }
  return { code: 'cut_short', atSeconds: decodedSeconds, ofSeconds: declaration.seconds };
}
