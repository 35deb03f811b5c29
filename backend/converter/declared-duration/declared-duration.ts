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
 * Missing audio up to this long does not count as a loss. It is more than a whole file may lack: an encoder's priming
 * and a last frame (2 × 2048 samples of HE-AAC are 0.26 s at 16 kHz, and CAF counts its last frame as full), and time
 * stamps rounded to milliseconds. It is less than anyone would notice.
 */
const toleranceSeconds = 0.5;

/** Some programs allocate a download's full size before the data arrives. The missing end is then zeros. */
const zeroTailBytes = 4096;

/**
 * The rule for each container, by the first name that ffprobe gives it. MPEG transport and programme streams, ADTS and
 * other bare streams, Ogg, and live recordings are left out because they state nothing exact.
 */
const rules: Readonly<Record<string, DeclarationRule>> = {
  aiff: declareAiff,
  asf: declareAsf,
  avi: declareAvi,
  // STREAMINFO counts the samples. A stream without a count has no duration here.
  flac: async ({ track }) => ({ seconds: Number(track.duration) }),
  flv: declareFlv,
  matroska: declareMatroska,
  mov: declareMp4,
  mp3: declareMp3,
  wav: declareWave,
};

/**
 * The duration that the container states for the track of `probe`, wherever the audio really ends. Undefined if the
 * container states none exactly. If only the duration of the whole file is stated, that duration less the track's late
 * start is used, once the file is known to be cut. AVI and fragmented MP4 include the silence before a late track, so
 * compare through {@link findCutShort}. Throws `source_unreadable`.
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
 * Whether a file is cut short: its container states more audio than `decodedSeconds`, and bytes are missing at its end.
 * Both are required because whole files may also contain less than they state: pauses in a recording, audio that starts
 * late, tags that a trimming program forgot to change, damage in the middle. Throws `source_unreadable`.
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
