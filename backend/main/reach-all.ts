import { AppError } from '../../shared/errors.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Parts } from './parts.ts';

/** A service that takes longer to answer is not ready. Monitors usually wait for a few seconds. */
const readySeconds = 2;

/**
 * Rejects with `unavailable` while a store or auth cannot be reached, does not answer within `limitSeconds`, or is known to be
 * damaged, and while there is no space for videos.
 */
export async function reachAll(
  { conversions, videos, mp3s, damage }: Pick<Parts, 'conversions' | 'videos' | 'mp3s' | 'damage'>,
  authentication: Pick<Authentication, 'mailAddress'>,
  limitSeconds = readySeconds,
): Promise<void> {
  const damaged = damage();
  if (damaged !== undefined) throw damaged;
  const [[room]] = await Promise.all([
    inTime('The storage', limitSeconds, Promise.all([videos.room(), videos.stat('nobody'), mp3s.stat('nobody')])),
    inTime('The database', limitSeconds, conversions.get('nobody')),
    inTime('The auth service', limitSeconds, authentication.mailAddress('nobody')),
  ]);
  if (room > 0) return;
  throw new AppError('unavailable', 'The disk is full: there is no space for videos. Free some space on it.');
}

async function inTime<Answer>(what: string, limitSeconds: number, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new AppError('unavailable', `${what} has not answered within ${limitSeconds} seconds.`);
    timer = setTimeout(reject, limitSeconds * 1000, error);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
