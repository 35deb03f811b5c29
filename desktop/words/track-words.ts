import type { Track } from '../../shared/api.ts';
import { language } from '../../shared/words/say.ts';
import { say } from './say.ts';

/** `Track 2, Croatian`. The title of a track replaces its language. */
export function trackName({ index, language: tag, title }: Track): string {
  const number = index + 1;
  const known = title ?? languageName(tag);
  return known === undefined
    ? say('settingsTrack', { number })
    : say('settingsTrackLanguage', { number, language: known });
}

/** `5.1, AC-3`. */
export function trackFormat({ channels, codec }: Track): string {
  return say('settingsTrackFormat', { channels: channelWords(channels), codec: codecName(codec) });
}

function channelWords(channels: number): string {
  if (channels === 1) return say('settingsMonoWord');
  if (channels === 2) return say('settingsStereo');
  if (channels === 6 || channels === 8) return say('settingsSurround', { before: channels - 1, after: 1 });
  return say('settingsChannels', { count: channels });
}

/** The usual names of codecs. Others keep ffmpeg's name. */
const codecNames: Readonly<Record<string, string>> = {
  aac: 'AAC',
  ac3: 'AC-3',
  eac3: 'E-AC-3',
  dts: 'DTS',
  flac: 'FLAC',
  mp3: 'MP3',
  mp2: 'MP2',
  opus: 'Opus',
  vorbis: 'Vorbis',
  alac: 'ALAC',
};

function codecName(codec: string): string {
  return codecNames[codec] ?? codec;
}

function languageName(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === 'und') return undefined;
  try {
    return new Intl.DisplayNames(language, { type: 'language' }).of(tag);
  } catch {
    return tag;
  }
}
