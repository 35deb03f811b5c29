import { language, sayShared as say } from './say.ts';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

interface Scale {
  readonly divisor: number;
  readonly digits: number;
  readonly unit: (typeof units)[number];
}

/** The unit in which `bytes` has one to three digits before the point, and how many digits to show after it. */
function scaleOf(bytes: number): Scale {
  let power = 0;
  while (bytes / 1000 ** power >= 999.5 && power < units.length - 1) power += 1;
  const divisor = 1000 ** power;
  const unit = units[power] ?? 'byte';
  if (power < 2) return { divisor, digits: 0, unit };
  return { divisor, digits: bytes / divisor < (power === 2 ? 9.95 : 99.95) ? 1 : 0, unit };
}

function inScale(bytes: number, { divisor, digits }: Scale): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(bytes / divisor);
}

/** `66 MB`, `3.2 GB`: decimal, as file managers count. */
export function sizeWords(bytes: number): string {
  const { divisor, digits, unit } = scaleOf(bytes);
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(bytes / divisor);
}

/** `31 of 76 MB`: both numbers in the unit of the total. */
export function sizePartWords(bytes: number, totalBytes: number): string {
  const part = inScale(Math.min(bytes, totalBytes), scaleOf(totalBytes));
  return say('measuresPart', { part, whole: sizeWords(totalBytes) });
}

const twoDigits = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 });

function hoursMinutesSeconds(seconds: number): readonly [number, number, number] {
  const whole = Math.max(0, Math.round(seconds));
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
}

/** A moment in a recording, or its length: `48:12`, `1:02:31`, `0:07`. */
export function clockWords(seconds: number): string {
  const [hours, minutes, rest] = hoursMinutesSeconds(seconds);
  const last = twoDigits.format(rest);
  return hours === 0 ? `${minutes}:${last}` : `${hours}:${twoDigits.format(minutes)}:${last}`;
}

/** A length that need not be exact: `4 h 21 min`, `55 min`, `40 s`. */
export function durationWords(seconds: number): string {
  if (seconds < 59.5) return say('measuresSeconds', { seconds: Math.max(0, Math.round(seconds)) });
  const allMinutes = Math.round(seconds / 60);
  const [hours, minutes] = [Math.floor(allMinutes / 60), allMinutes % 60];
  if (hours === 0) return say('measuresMinutes', { minutes });
  return minutes === 0 ? say('measuresHours', { hours }) : say('measuresHoursMinutes', { hours, minutes });
}

/** In full words: `1 hour 2 minutes`, `12 minutes 4 seconds`. */
export function spokenDuration(seconds: number): string {
  const [hours, minutes, rest] = hoursMinutesSeconds(seconds);
  const parts = [
    ...(hours > 0 ? [say('measuresSpokenHours', { hours })] : []),
    ...(minutes > 0 ? [say('measuresSpokenMinutes', { minutes })] : []),
    ...(rest > 0 || hours + minutes === 0 ? [say('measuresSpokenSeconds', { seconds: rest })] : []),
  ];
  return parts.join(' ');
}

/** Rounds the time left: up to 10 s below 1 min, to 1 min below 10 min, otherwise to 5 min. Never 0. */
export function roundLeft(seconds: number): number {
  if (seconds <= 50) return Math.max(10, Math.ceil(seconds / 10) * 10);
  if (seconds <= 9.5 * 60) return Math.max(60, Math.round(seconds / 60) * 60);
  return Math.round(seconds / 300) * 300;
}

/** The time left, rounded: `40 s`, `4 min`. */
export function leftDuration(seconds: number): string {
  return durationWords(roundLeft(seconds));
}

/** `40 s left`. */
export function leftWords(seconds: number): string {
  return say('measuresLeft', { time: leftDuration(seconds) });
}

/** Seconds of sound a second: `38×`, below ten with one decimal. */
export function speedWords(speed: number): string {
  const maximumFractionDigits = speed < 9.95 ? 1 : 0;
  return say('measuresSpeed', { speed: new Intl.NumberFormat(language, { maximumFractionDigits }).format(speed) });
}

/** A fraction, 0–1, in per cent, rounded down: only 1 gives 100. */
export function percentOf(fraction: number): number {
  // Products such as 0.29 × 100 are slightly below the exact number.
  return Math.floor(Math.min(1, Math.max(0, fraction)) * 100 + 1e-9);
}

/** `62%`. */
export function percentWords(fraction: number): string {
  return say('percent', { percent: percentOf(fraction) });
}

const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** Unicode's direction marks. In a name they could reverse the text that follows it. */
const directionMarks = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * A name, made safe to put into a sentence. A right-to-left name is wrapped in Unicode isolates, so that it and the sentence do not
 * reverse each other. Other names stay as they are.
 */
export function isolate(name: string): string {
  const plain = name.replace(directionMarks, '');
  return rightToLeft.test(plain) ? `\u2068${plain}\u2069` : plain;
}
