import { language } from '../../shared/words/say.ts';
import { dayWords } from './account-words.ts';
import { say } from './say.ts';

const minute = 60_000;

/**
 * When something happened: `2 min ago`, `10:42` for today, `Yesterday`, `12 March`.
 * @param at and @param now milliseconds since 1970
 */
export function agoWords(at: number, now: number): string {
  const passed = now - at;
  if (passed < minute) return say('settingsAgoMoments');
  if (passed < 60 * minute) {
    return new Intl.RelativeTimeFormat(`${language}-GB`, { style: 'short' }).format(
      -Math.floor(passed / minute),
      'minute',
    );
  }
  const days = daysBetween(at, now);
  if (days === 0) return new Intl.DateTimeFormat(`${language}-GB`, { hour: 'numeric', minute: '2-digit' }).format(at);
  return days === 1 ? say('settingsYesterday') : dayWords(at, now);
}

/** The heading of a day: `Today`, `Yesterday`, `12 March`. */
export function dayHeading(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return say('historyToday');
  return days === 1 ? say('historyYesterday') : dayWords(at, now);
}

/** The number of midnights between the two, in this computer's time zone. */
function daysBetween(at: number, now: number): number {
  const dayOf = (time: number): number => {
    const date = new Date(time);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return Math.round((dayOf(now) - dayOf(at)) / 86_400_000);
}
