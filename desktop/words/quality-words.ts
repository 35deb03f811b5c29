import { sizeWords } from '../../shared/words/measures.ts';
import { outputOptionsOf, type Quality } from '../ipc.ts';
import { say } from './say.ts';

/** kbit/s of stereo audio for LAME's `-V 0` to `-V 9`, from its manual. Mono takes a little more than half. */
const variableKbps = [245, 225, 190, 175, 165, 130, 115, 100, 85, 65] as const;
const monoShare = 0.55;

/** The size of one hour of audio, in bytes. An estimate for a variable bitrate. */
export function bytesPerHour(quality: Quality): number {
  const { bitrateKbps, quality: level = 2, channels } = outputOptionsOf(quality);
  const kbps = bitrateKbps ?? (variableKbps[level] ?? 190) * (channels === 1 ? monoShare : 1);
  return (kbps * 1000 * 3600) / 8;
}

/** `85 MB per hour`. */
export function perHourWords(quality: Quality): string {
  return say('settingsPerHour', { size: sizeWords(Math.round(bytesPerHour(quality) / 1e6) * 1e6) });
}
