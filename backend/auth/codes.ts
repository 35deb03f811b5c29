import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodePurpose, CodeStore } from '../ports/code-store.ts';

export const codeMinutes = 15;
const tries = 5;
/** At most one code a minute is mailed to an account. */
export const codePauseSeconds = 60;
const digits = 8;

export interface CodesParts {
  readonly codes: CodeStore;
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

/** Mailed codes. Someone who knows one can read the mail of the account's address. */
export interface Codes {
  /** Makes a code that replaces the one before. Undefined when that was sent less than a minute ago. */
  issue(userId: string, purpose: CodePurpose): Promise<string | undefined>;
  /** True once, for the latest code. Each call uses up one of its tries. Blanks and hyphens in `code` are ignored. */
  redeem(userId: string, purpose: CodePurpose, code: string): Promise<boolean>;
}

export function createCodes({ codes, secrets, clock }: CodesParts): Codes {
  const inSeconds = (seconds: number): string => new Date(clock.now().getTime() + seconds * 1000).toISOString();

  /** Keyed by secrets that are not in the store: there are so few codes that a plain hash could be reversed. */
  function hashes(userId: string, purpose: CodePurpose, code: string): readonly string[] {
    const said = JSON.stringify([purpose, userId, code.replaceAll(/[\s-]/g, '')]);
    return secrets.map((secret) => createHmac('sha256', secret).update(`soundlift code ${said}`).digest('base64url'));
  }

  return {
    async issue(userId, purpose) {
      const code = String(randomInt(10 ** digits)).padStart(digits, '0');
      const [hash = ''] = hashes(userId, purpose, code);
      const record = {
        userId,
        purpose,
        hash,
        sentAt: inSeconds(0),
        endsAt: inSeconds(codeMinutes * 60),
        triesLeft: tries,
      };
      // A later time than that was written before the clock was put back.
      const pause = { from: inSeconds(-codePauseSeconds), to: inSeconds(codePauseSeconds) };
      return (await codes.put(record, pause)) ? code : undefined;
    },

    async redeem(userId, purpose, code) {
      if (!(await codes.takeTry(userId, purpose))) return false;
      const record = await codes.get(userId, purpose);
      if (record === undefined || Date.parse(record.endsAt) <= clock.now().getTime()) return false;
      const isRight = hashes(userId, purpose, code).some((hash) =>
        timingSafeEqual(Buffer.from(hash), Buffer.from(record.hash)),
      );
      return isRight && (await codes.use(userId, purpose, record.hash));
    },
  };
}

export function wrongCode(): AppError {
  return new AppError('invalid', 'The code is wrong or has expired. Ask for a new one.');
}
