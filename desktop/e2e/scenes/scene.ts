import type { Page } from '@playwright/test';
import type { AppState, BackendStatus } from '../../ipc.ts';
import { emptySummary } from '../../tests/app-state.ts';
import { stateWith } from './list-scenes.ts';

/** One screen in one state. */
export interface Scene {
  readonly name: string;
  readonly state: AppState;
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Brings the page into the state of the scene. */
  readonly prepare?: (page: Page) => Promise<void>;
}

export const here: BackendStatus = { kind: 'here', state: 'ready', advisedAtOnce: 2 };
export const server: Extract<BackendStatus, { kind: 'server' }> = {
  kind: 'server',
  host: 'sound.example.org',
  email: 'you@example.org',
  connection: 'connected',
  mail: false,
  confirmed: true,
  thisSessionOnly: false,
  readable: false,
};

/** The list is empty. */
export const idle = stateWith([], { backend: here, summary: emptySummary });

export const click =
  (name: string | RegExp) =>
  async (page: Page): Promise<void> =>
    await page.getByRole('button', { name }).first().click();
export const openSettings = click(/^Settings/);
