import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, test as base, chromium, type Page } from '@playwright/test';
import type { AppChange, AppState } from '../../ipc.ts';

/** The built renderer in a browser. The test plays main: it sends the state and changes. */
export interface ListWindow {
  readonly page: Page;
  tell(...changes: readonly AppChange[]): Promise<void>;
  /** Requests to main since the last call, as `[name, ...arguments]`, without those for the state and peaks and reports of the page. */
  asked(): Promise<readonly (readonly unknown[])[]>;
}

export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Seconds of silence that each row plays. Only main can serve a row's own sound. */
  readonly silenceSeconds?: number;
  /** Main's answers by the request's name, as plain data. All other requests get undefined. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** The size of all text. */
  readonly textPercent?: number;
  readonly media?: { readonly forcedColors?: 'active'; readonly reducedMotion?: 'reduce'; readonly contrast?: 'more' };
}

/** What the page stores for the test. */
export interface InPage {
  readonly sceneAsked: (readonly unknown[])[];
  tellScene(changes: readonly AppChange[]): void;
}

const built = join(import.meta.dirname, '..', '..', '..', 'dist', 'renderer', 'index.html');

export const test = base.extend<
  { readonly open: (state: AppState, options?: WindowOptions) => Promise<ListWindow> },
  { readonly plainBrowser: Browser }
>({
  plainBrowser: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern.
    async ({}, use) => {
      const browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--no-sandbox', '--allow-file-access-from-files'],
      });
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  open: async ({ plainBrowser }, use) => {
    const contexts: Awaited<ReturnType<Browser['newContext']>>[] = [];
    await use(
      async (
        state,
        { width = 920, height = 640, theme = 'light', silenceSeconds, answers = {}, textPercent, media = {} } = {},
      ) => {
        const context = await plainBrowser.newContext({
          viewport: { width, height },
          colorScheme: theme,
          bypassCSP: silenceSeconds !== undefined,
          ...media,
        });
        contexts.push(context);
        const page = await context.newPage();
        await page.addInitScript(standInForMain, { state, answers });
        if (silenceSeconds !== undefined) await page.addInitScript(playSilence, silenceSeconds);
        await page.goto(`${pathToFileURL(built).href}?system=${state.system}`);
        await page.locator('.window').waitFor();
        if (textPercent !== undefined) {
          await page.evaluate(
            (percent) => document.documentElement.style.setProperty('font-size', `${percent}%`),
            textPercent,
          );
        }
        return {
          page,
          tell: (...changes) =>
            page.evaluate((told) => (globalThis as unknown as InPage).tellScene(told), changes as AppChange[]),
          asked: () => page.evaluate(() => (globalThis as unknown as InPage).sceneAsked.splice(0)),
        };
      },
    );
    await Promise.all(contexts.map((context) => context.close()));
  },
});

/** Stops the page's clock. Time then passes only when the test runs `page.clock`. */
export async function stopClock(page: Page): Promise<void> {
  const time = Date.now();
  await page.clock.install({ time });
  // An installed clock runs until it is paused, which can only be done at a later time.
  await page.clock.pauseAt(time + 3_600_000);
}

/** Runs in the page and answers in main's place. */
function standInForMain({
  state,
  answers,
}: {
  readonly state: AppState;
  readonly answers: Readonly<Record<string, unknown>>;
}): void {
  const sceneAsked: unknown[][] = [];
  const listeners = new Set<(changes: readonly AppChange[]) => void>();
  const fixed = {
    onChanges(listener: (changes: readonly AppChange[]) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pathsOf: (files: readonly File[]) => files.map((file) => `/videos/${file.name}`),
    state: () => Promise.resolve(state),
    shown: () => Promise.resolve(),
    peaks: () => Promise.resolve(Array.from({ length: 400 }, (_, index) => 40 + ((index * 37) % 200))),
  };
  const soundlift = new Proxy(fixed, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      ((...args: unknown[]) => {
        sceneAsked.push([String(name), ...args]);
        return Promise.resolve(answers[String(name)]);
      }),
  });
  Object.assign(globalThis, {
    soundlift,
    sceneAsked,
    tellScene(changes: readonly AppChange[]) {
      for (const listener of listeners) listener(changes);
    },
  });
}

/** Runs in the page: every sound is a WAV of silence, 8,000 samples of one byte a second. */
function playSilence(seconds: number): void {
  const header = new DataView(new ArrayBuffer(44));
  const put = (at: number, text: string): void => {
    for (const [index, letter] of Array.from(text).entries()) header.setUint8(at + index, letter.charCodeAt(0));
  };
  const samples = new Uint8Array(seconds * 8000).fill(128);
  put(0, 'RIFF');
  header.setUint32(4, 36 + samples.length, true);
  put(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, 8000, true);
  header.setUint32(28, 8000, true);
  header.setUint16(32, 1, true);
  header.setUint16(34, 8, true);
  put(36, 'data');
  header.setUint32(40, samples.length, true);
  const url = URL.createObjectURL(new Blob([header, samples], { type: 'audio/wav' }));
  Object.defineProperty(HTMLMediaElement.prototype, 'src', {
    set(this: HTMLMediaElement) {
      this.setAttribute('src', url);
    },
  });
}
