import type { OutputOptions } from '../../shared/formats.ts';
import type { Quality } from './settings.ts';

/** The conversion options for a chosen quality. */
export function outputOptionsOf(quality: Quality): OutputOptions {
  switch (quality.kind) {
    case 'voice':
      return { format: 'mp3', bitrateKbps: 64, channels: 1 };
    case 'standard':
      return { format: 'mp3', quality: 2 };
    case 'best':
      return { format: 'mp3', bitrateKbps: 320 };
    case 'custom': {
      const { bitrateKbps, quality: level, mono } = quality;
      return {
        format: 'mp3',
        ...(bitrateKbps === undefined ? { quality: level ?? 2 } : { bitrateKbps }),
        ...(mono ? { channels: 1 } : {}),
      };
    }
  }
}
