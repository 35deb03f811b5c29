import type { Warning } from '../../../shared/api.ts';
import { defaultMp3Quality, type OutputOptions } from '../../../shared/formats.ts';
import { failureSentence, warningSentence } from '../../../shared/words/failure-sentence.ts';
import { clockWords, sizeWords } from '../../../shared/words/measures.ts';
import type { RowDetails } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { trackFormat } from '../../words/track-words.ts';
import type { Entry } from './entry.ts';

/** The details of an entry, to be read and for a bug report, without names and paths. */
export function detailsOf(entry: Entry | undefined): RowDetails | null {
  if (entry === undefined) return null;
  const { step, attempt, warnings } = entry;
  const failure = step.kind === 'failed' ? step : undefined;
  return {
    ...(failure === undefined ? {} : { code: failure.code }),
    ...(failure?.details === undefined ? {} : { details: failure.details }),
    ...(failure?.code === 'unknown' ? { message: failure.message } : {}),
    ...(attempt === undefined ? {} : { attempt }),
    warnings,
    report: [
      // The sentence for the code is the title.
      ...(failure === undefined || failure.message === failureSentence(failure) ? [] : [failure.message]),
      ...factsOf(entry),
    ].join('\n'),
    canRetry: step.kind === 'failed' || step.kind === 'cancelled',
  };
}

function factsOf({ attempt, source, durationSeconds, tracks = [], options, warnings }: Entry): readonly string[] {
  const length = durationSeconds === undefined ? [] : [clockWords(durationSeconds)];
  return [
    ...(attempt === undefined ? [] : [say('settingsDetailsAttempt', { attempt })]),
    say('settingsDetailsVideo', { facts: [sizeWords(source.bytes), ...length].join(', ') }),
    ...tracks.map((track) => {
      const values = { number: track.index + 1, format: trackFormat(track) };
      return say(track.index === options.track ? 'settingsDetailsTrackChosen' : 'settingsDetailsTrack', values);
    }),
    say('settingsDetailsQuality', { quality: qualityFacts(options) }),
    ...warnings.map((warning: Warning) => warningSentence(warning)),
  ];
}

function qualityFacts({ bitrateKbps, quality: level = defaultMp3Quality, channels }: OutputOptions): string {
  const rate =
    bitrateKbps === undefined
      ? say('settingsVariableValue', { level })
      : say('settingsBitrateValue', { rate: bitrateKbps });
  return channels === 1 ? `${rate}, ${say('settingsMonoWord')}` : rate;
}
