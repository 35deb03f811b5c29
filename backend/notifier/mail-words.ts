import { type ConversionError, isKnownWarning, type Warning } from '../../shared/api.ts';
import { assertNever } from '../../shared/errors.ts';

/** What mail says of durations, sizes, days, failures and warnings. Mail is in English, for readers anywhere. */

/** `48:12`, `1:05:09`, `0:07`. */
export function clockTime(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (part: number): string => String(part).padStart(2, '0');
  return hours === 0 ? `${minutes}:${padded(rest)}` : `${hours}:${padded(minutes)}:${padded(rest)}`;
}

const sizeUnits = [
  ['gigabyte', 1e9],
  ['megabyte', 1e6],
  ['kilobyte', 1e3],
] as const;

/** Decimal, as file managers of today count: `66 MB`, `1.5 GB`, `840 kB`. */
export function sizeWords(bytes: number): string {
  // What rounds to a thousand of one unit is one of the next.
  const [unit, of] = sizeUnits.find(([, size]) => bytes >= size * 0.9995) ?? ['byte', 1];
  const amount = bytes / of;
  const maximumFractionDigits = unit === 'byte' || amount >= 9.95 ? 0 : 1;
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits }).format(
    amount,
  );
}

/** `12 April`, with the year where it is not that of `now`; in UTC. */
export function dayWords(day: Date, now: Date): string {
  const otherYear = day.getUTCFullYear() !== now.getUTCFullYear();
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'long',
    ...(otherYear ? { year: 'numeric' } : {}),
    timeZone: 'UTC',
  }).format(day);
}

export function countWords(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

/** `host` is the server's. */
export function failureSentence({ code, message, details }: ConversionError, host: string): string {
  switch (code) {
    case 'not_media':
      return 'This is not a video or a sound.';
    case 'no_audio':
      // Where a certain track was asked for, the sentence says which there are.
      return details?.['track'] === undefined ? 'This video has no sound.' : message;
    case 'damaged':
      return 'Nothing of its sound can be read.';
    case 'too_long':
      return details?.['limitSeconds'] === undefined
        ? `Longer than ${host} takes.`
        : `Longer than the ${limitWords(details['limitSeconds'])} that ${host} takes.`;
    case 'timed_out':
      return 'Took too long and was stopped.';
    case 'converter_failed':
      return details?.['atSeconds'] === undefined
        ? 'The converter stopped.'
        : `The converter stopped at ${clockTime(details['atSeconds'])}.`;
    // Of a newer converter.
    default:
      return message;
  }
}

export function warningSentence(warning: Warning): string {
  // Of a newer converter.
  if (!isKnownWarning(warning)) return oneLine(warning.message ?? `There is a warning about it: ${warning.code}.`);
  switch (warning.code) {
    case 'cut_short':
      return `The video breaks off at ${clockTime(warning.atSeconds)} of ${clockTime(warning.ofSeconds)}.`;
    case 'gaps':
      return warning.count === 1
        ? `1 place could not be read, at ${clockTime(warning.atSeconds)}.`
        : `${countWords(warning.count)} places could not be read, the first at ${clockTime(warning.atSeconds)}.`;
    default:
      return assertNever(warning);
  }
}

/** `4 hours`, `90 minutes`, `10 seconds`: a limit as somebody set it. */
function limitWords(seconds: number): string {
  const [unit, of] =
    seconds % 3600 === 0
      ? (['hour', 3600] as const)
      : seconds % 60 === 0
        ? (['minute', 60] as const)
        : (['second', 1] as const);
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / of);
}

/**
 * Somebody's text on one line, and none that turns what follows it round: what Unicode has for embedding and overriding
 * directions (UAX #9) goes, letters keep their own direction.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/[\u202A-\u202E\u2066-\u2069]/gu, '')
    .trim();
}
