import { describe, expect, it } from 'vitest';
import type { AccountProblem } from '../ipc.ts';
import { accountSentence, dateWords, dayWords, fieldOfProblem } from './account-words.ts';

const host = 'sound.example.org';
const march = Date.UTC(2026, 2, 3, 12);

describe('a problem with an account', () => {
  it.each<[AccountProblem, string, ReturnType<typeof fieldOfProblem>]>([
    [{ code: 'wrong_password' }, 'Wrong e-mail or password.', 'password'],
    [{ code: 'unreachable', host }, `${host} isn't responding. Check the address and your connection.`, 'address'],
    [
      { code: 'certificate', host, reason: 'expired', endedAt: march },
      `${host} cannot prove its identity: its certificate expired on ${dayWords(march)}. Your password was not sent.`,
      undefined,
    ],
    [{ code: 'closed', host }, `${host} does not accept new accounts.`, undefined],
    [{ code: 'taken' }, 'There is already an account with this e-mail.', 'email'],
    [{ code: 'too_many', againInSeconds: 300 }, 'Too many attempts. Try again in 5 minutes.', undefined],
    [{ code: 'wrong_code' }, 'The code is wrong or has expired.', 'code'],
    [{ code: 'short_password' }, 'A password needs at least 8 characters.', 'password'],
    [{ code: 'other', sentence: 'It is Sunday.' }, 'It is Sunday.', undefined],
  ])('%j has a sentence and a field', (problem, sentence, field) => {
    expect(accountSentence(problem)).toBe(sentence);
    expect(fieldOfProblem(problem)).toBe(field);
  });

  it.each(['not_yet', 'other_name', 'unknown_issuer', 'other'] as const)(
    'with a certificate (%s) says that no password was sent',
    (reason) => {
      expect(accountSentence({ code: 'certificate', host, reason })).toMatch(/^\S+ cannot prove .* was not sent\.$/);
    },
  );
});

it('a day has its year only if it is not the current one, and a date always has it', () => {
  expect(dayWords(march, Date.UTC(2026, 10, 28))).toBe('3 March');
  expect(dayWords(march, Date.UTC(2027, 10, 28))).toBe('3 March 2026');
  expect(dateWords(march)).toBe('3 March 2026');
});
