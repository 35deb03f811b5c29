import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { MailMessage, MailOutcome } from '../ports/mailer.ts';
import { createBackground } from './background.ts';
import { sendInBackground } from './background-mail.ts';
import { codeMail } from './code-mail.ts';

const message = codeMail({ purpose: 'reset', to: 'ada@example.com', code: '12345678', host: 'sound.example.org' });

/** Sends the message to a mail server that gives these answers in order. */
function send(answers: readonly (MailOutcome | Error)[], pauses: readonly number[]) {
  const seen: MailMessage[] = [];
  const logged: string[] = [];
  const mailer = {
    async send(given: MailMessage) {
      const answer = answers[seen.push(given) - 1] ?? new Error('asked once too often');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    close: async () => undefined,
  };
  const background = createBackground(pino({}, { write: (line: string) => void logged.push(line) }));
  sendInBackground(message, mailer, background, pauses);
  return { seen, logged, background };
}

const away = new AppError('unavailable', 'The mail server cannot be reached.');

it('retries with the same message while the mail server is away', async () => {
  const { seen, logged } = send([away, away, { kind: 'sent' }], [0.01, 0.01, 0.01]);
  await expect.poll(() => seen.length).toBe(3);
  expect(new Set(seen.map(({ messageId }) => messageId)).size).toBe(1);
  expect(logged).toHaveLength(2);
  expect(logged.join('')).not.toContain('12345678');
});

it('gives up after the last retry and logs it', async () => {
  const { seen, logged } = send([away, away], [0.01]);
  await expect.poll(() => logged.at(-1)).toContain('a code could not be mailed"');
  expect(seen).toHaveLength(2);
});

it('does not retry after a refusal or an unexpected error', async () => {
  const refused = send([{ kind: 'refused', reason: '550 no such user' }], [0.01]);
  const broken = send([new Error('a defect')], [0.01]);
  await expect.poll(() => [refused.logged.length, broken.logged.length]).toEqual([1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([refused.seen.length, broken.seen.length]).toEqual([1, 1]);
  expect(refused.logged[0]).toContain('550 no such user');
});

it('ends a stop only after a mail in progress was sent', async () => {
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const steps: string[] = [];
  const mailer = {
    async send(_message: MailMessage, signal?: AbortSignal): Promise<MailOutcome> {
      await taken;
      signal?.throwIfAborted();
      steps.push('sent');
      return { kind: 'sent' };
    },
    close: async () => undefined,
  };
  const background = createBackground(pino({ level: 'silent' }));
  sendInBackground(message, mailer, background);
  const stopped = background.stop().then(() => steps.push('stopped'));
  take();
  await stopped;
  expect(steps).toEqual(['sent', 'stopped']);
});

it('does not hold up a stop until the next retry', async () => {
  const { seen, logged, background } = send([away], [600]);
  await expect.poll(() => logged.length).toBe(1);
  await background.stop();
  expect(seen).toHaveLength(1);
  expect(logged.at(-1)).toContain('before the process stopped');
});

it('writes the code, its validity and the escaped host', () => {
  const { subject, text, html } = codeMail({ purpose: 'confirm', to: 'a@b.c', code: '12345678', host: 'a<b>&"c' });
  expect(subject).toBe('1234 5678 is your Soundlift code');
  for (const words of [text, html]) expect(words).toMatch(/1234 5678[^]*15 minutes/);
  expect(html).toContain('a&lt;b&gt;&amp;&quot;c');
  expect(html).not.toContain('a<b>');
});
