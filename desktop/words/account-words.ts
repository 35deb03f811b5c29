import { assertNever } from '../../shared/errors.ts';
import { isolate, spokenDuration } from '../../shared/words/measures.ts';
import { language } from '../../shared/words/say.ts';
import type { AccountProblem } from '../ipc.ts';
import { say } from './say.ts';

/** Why a sign-in, or another step with an account, failed, as a sentence. */
export function accountSentence(problem: AccountProblem): string {
  switch (problem.code) {
    case 'address':
      return say('failServerAddress');
    case 'email':
      return say('welcomeProblemEmail');
    case 'short_password':
      return say('welcomeProblemShortPassword');
    case 'wrong_password':
      return say('failWrongPassword');
    case 'wrong_code':
      return say('welcomeProblemWrongCode');
    case 'taken':
      return say('welcomeProblemTaken');
    case 'signed_out':
      return say('welcomeProblemSignedOut');
    case 'unreachable':
      return say('failNotResponding', { host: isolate(problem.host) });
    case 'not_soundlift':
      return say('failNotSoundlift', { host: isolate(problem.host) });
    case 'closed':
      return say('welcomeProblemClosed', { host: isolate(problem.host) });
    case 'no_mail':
      return say('welcomeProblemNoMail', { host: isolate(problem.host) });
    case 'certificate':
      return certificateSentence(problem);
    case 'too_many':
      return say('welcomeProblemTooMany', { time: spokenDuration(problem.againInSeconds) });
    case 'other':
      return problem.sentence;
    default:
      return assertNever(problem);
  }
}

function certificateSentence({
  host: name,
  reason,
  endedAt,
}: Extract<AccountProblem, { code: 'certificate' }>): string {
  const host = isolate(name);
  switch (reason) {
    case 'expired':
      return endedAt === undefined
        ? say('welcomeProblemExpiredPlain', { host })
        : say('welcomeProblemExpired', { host, date: dayWords(endedAt) });
    case 'not_yet':
      return say('welcomeProblemNotYet', { host });
    case 'other_name':
      return say('welcomeProblemOtherName', { host });
    case 'unknown_issuer':
      return say('welcomeProblemUnknownIssuer', { host });
    case 'other':
      return say('welcomeProblemCertificate', { host });
    default:
      return assertNever(reason);
  }
}

/** The field that a problem is about. Undefined if it is about the server. */
export function fieldOfProblem({ code }: AccountProblem): 'address' | 'email' | 'password' | 'code' | undefined {
  switch (code) {
    case 'address':
    case 'unreachable':
    case 'not_soundlift':
      return 'address';
    case 'email':
    case 'taken':
      return 'email';
    case 'short_password':
    case 'wrong_password':
      return 'password';
    case 'wrong_code':
      return 'code';
    default:
      return undefined;
  }
}

/** `3 March 2026`. @param at milliseconds since 1970 */
export function dateWords(at: number): string {
  return new Intl.DateTimeFormat(`${language}-GB`, { day: 'numeric', month: 'long', year: 'numeric' }).format(at);
}

/** `3 March`, followed by the year if it is not the year of `now`. @param at milliseconds since 1970 */
export function dayWords(at: number, now = Date.now()): string {
  const year = (time: number): number => new Date(time).getFullYear();
  return new Intl.DateTimeFormat(`${language}-GB`, {
    day: 'numeric',
    month: 'long',
    ...(year(at) === year(now) ? {} : { year: 'numeric' }),
  }).format(at);
}
