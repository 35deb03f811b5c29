import type { BrowserWindowConstructorOptions, TitleBarOverlayOptions } from 'electron';
import type { System } from '../../ipc.ts';

/** `--surface` and `--ink` of `renderer/styles/tokens.css`, for the parts of the window that the system draws. */
const colours = {
  light: { surface: '#ffffff', ink: '#16191a' },
  dark: { surface: '#1e2122', ink: '#eef1f1' },
} as const;

const titleBarHeight = 32;

export function surfaceColour(isDark: boolean): string {
  return colours[isDark ? 'dark' : 'light'].surface;
}

/** The window's buttons that the system draws over the page; undefined on macOS, which has its own. */
export function titleBarOverlay(system: System, isDark: boolean): TitleBarOverlayOptions | undefined {
  if (system === 'macos') return undefined;
  const { surface, ink } = colours[isDark ? 'dark' : 'light'];
  return { color: surface, symbolColor: ink, height: titleBarHeight };
}

/** How the window is framed. */
export function windowFrame(system: System, isDark: boolean): BrowserWindowConstructorOptions {
  const overlay = titleBarOverlay(system, isDark);
  return {
    backgroundColor: surfaceColour(isDark),
    ...(overlay === undefined
      ? { titleBarStyle: 'hiddenInset', trafficLightPosition: { x: 20, y: 20 } }
      : { titleBarStyle: 'hidden', titleBarOverlay: overlay, autoHideMenuBar: true }),
  };
}
