import type { CDPSession } from '@playwright/test';
import { nativeTheme } from '../api/native-theme.ts';
import { pageScript, preloadScript, preloadWorld } from './injected-scripts.ts';

/** Prepares a new page for its first document: with the preload script that the app names, and with ours. */
export async function preparePage(page: CDPSession, preferences: Readonly<Record<string, unknown>>): Promise<void> {
  const scripts = [page.send('Page.addScriptToEvaluateOnNewDocument', { source: pageScript() })];
  const { preload, additionalArguments = [] } = preferences;
  if (typeof preload === 'string') {
    const source = preloadScript(preload, additionalArguments as readonly string[]);
    scripts.push(page.send('Page.addScriptToEvaluateOnNewDocument', { worldName: preloadWorld, source }));
  }
  await Promise.all([
    page.send('Page.enable'),
    page.send('Runtime.enable'),
    page.send('DOM.enable'),
    page.send('Debugger.enable'),
    page.send('Inspector.enable'),
    page.send('Runtime.addBinding', { name: '__standinSend', executionContextName: preloadWorld }),
    ...scripts,
  ]);
}

/** Shows the page in the theme that is in force. */
export async function showTheme(page: CDPSession): Promise<void> {
  const value = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
  await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
}

/** In CSS pixels. */
export async function showSize(page: CDPSession, width: number, height: number): Promise<void> {
  await page.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
}
