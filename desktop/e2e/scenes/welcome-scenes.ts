import type { Page } from '@playwright/test';
import { emptySummary } from '../../tests/app-state.ts';
import { stateWith } from './list-scenes.ts';
import { click, idle, openSettings, type Scene, server } from './scene.ts';

const problem = (value: object) => ({ ok: false, problem: value });
const host = 'sound.example.org';

/** Fills in the sign-in form and submits it. */
function signingIn(address = host): (page: Page) => Promise<void> {
  return async (page) => {
    await page.getByRole('radio', { name: /A server/ }).check();
    await page.getByLabel('Address').fill(address);
    await page.getByLabel('E-mail').fill('you@example.org');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
  };
}

async function creating(page: Page): Promise<void> {
  await page.getByRole('radio', { name: /A server/ }).check();
  await click('Create an account instead')(page);
  await page.getByLabel('Address').fill(host);
  await page.getByLabel('E-mail').fill('you@example.org');
  await page.getByLabel('Password').fill('correct horse');
  await click('Create account')(page);
  await page.getByRole('alert').waitFor();
}

const first = stateWith([], { backend: { kind: 'none' }, summary: emptySummary });

/** The first run, and everything about accounts. */
export const welcomeScenes: readonly Scene[] = [
  { name: 'welcome', state: first },
  { name: 'welcome-server', state: first, prepare: (page) => page.getByRole('radio', { name: /A server/ }).check() },
  {
    name: 'welcome-wrong',
    state: first,
    answers: { signIn: problem({ code: 'wrong_password' }) },
    prepare: signingIn(),
  },
  {
    name: 'welcome-unreachable',
    state: first,
    answers: { signIn: problem({ code: 'unreachable', host: 'sound.exmaple.org' }) },
    prepare: signingIn('sound.exmaple.org'),
  },
  {
    name: 'welcome-certificate',
    state: first,
    answers: { signIn: problem({ code: 'certificate', host, reason: 'expired', endedAt: Date.UTC(2026, 2, 3, 12) }) },
    prepare: signingIn(),
  },
  {
    name: 'welcome-certificate-sheet',
    state: first,
    answers: {
      signIn: problem({ code: 'certificate', host, reason: 'other_name' }),
      certificate: {
        subject: 'www.example.com',
        issuer: 'Example Authority R3',
        validFrom: Date.UTC(2026, 0, 4, 12),
        validTo: Date.UTC(2027, 0, 3, 12),
        fingerprint: Array.from({ length: 32 }, (_, index) =>
          (index * 37 + 16).toString(16).slice(-2).toUpperCase(),
        ).join(':'),
      },
    },
    prepare: async (page) => {
      await signingIn()(page);
      await click('Show certificate')(page);
      await page.getByText('Example Authority R3').waitFor();
    },
  },
  {
    name: 'welcome-not-soundlift',
    state: first,
    answers: { signIn: problem({ code: 'not_soundlift', host: 'example.org' }) },
    prepare: signingIn('example.org'),
  },
  {
    name: 'welcome-too-many',
    state: first,
    answers: { signIn: problem({ code: 'too_many', againInSeconds: 300 }) },
    prepare: signingIn(),
  },
  {
    name: 'welcome-create',
    state: first,
    prepare: async (page) => {
      await page.getByRole('radio', { name: /A server/ }).check();
      await click('Create an account instead')(page);
    },
  },
  { name: 'welcome-taken', state: first, answers: { createAccount: problem({ code: 'taken' }) }, prepare: creating },
  {
    name: 'welcome-closed',
    state: first,
    answers: { createAccount: problem({ code: 'closed', host }) },
    prepare: creating,
  },
  {
    name: 'welcome-code',
    state: { ...idle, backend: { ...server, confirmed: false } },
    prepare: async (page) => {
      await openSettings(page);
      await click('Change…')(page);
    },
  },
  {
    name: 'welcome-forgot',
    state: first,
    prepare: async (page) => {
      await page.getByRole('radio', { name: /A server/ }).check();
      await click('Forgot password?')(page);
    },
  },
  {
    name: 'welcome-reset',
    state: first,
    answers: { forgotPassword: { ok: true } },
    prepare: async (page) => {
      await page.getByRole('radio', { name: /A server/ }).check();
      await click('Forgot password?')(page);
      await page.getByLabel('Address').fill(host);
      await page.getByLabel('E-mail').fill('you@example.org');
      await click('Send code')(page);
      await page.getByLabel('New password').waitFor();
    },
  },
];
