import type { MenuItemConstructorOptions } from 'electron';
import { leftWords } from '../../../shared/words/measures.ts';
import type { Summary, System } from '../../ipc.ts';
import { type MessageName, say } from '../../words/say.ts';
import { pausedWords } from '../../words/summary-words.ts';
import { menuLabel } from '../window/app-menu.ts';
import type { TrayMark } from './tray-image-names.ts';

/** Results that the person has not seen yet. */
export interface Unseen {
  /** A batch has ended, and the window was not in front since. */
  readonly isDone: boolean;
  readonly hasFailed: boolean;
}

/** Chooses the tray's image: first work, then failures, then successes. */
export function trayMark({ mode, fraction }: Summary, { isDone, hasFailed }: Unseen): TrayMark {
  if (mode === 'working' || mode === 'paused' || mode === 'offline') return { kind: 'working', fraction };
  if (hasFailed) return { kind: 'error' };
  return { kind: isDone ? 'done' : 'idle' };
}

/** The first line of the menu, and the tooltip. */
export function trayTitle({ mode, done, failed, total, finishing, leftSeconds }: Summary): string {
  switch (mode) {
    case 'empty':
      return say('notificationsTrayIdle');
    case 'working':
      return leftSeconds === undefined
        ? say('notificationsTrayWorking', { done, total })
        : say('notificationsTrayWorkingLeft', { done, total, left: leftWords(leftSeconds) });
    case 'paused':
      return say('notificationsTrayPaused', { paused: pausedWords(finishing), done, total });
    case 'offline':
      return say('notificationsTrayOffline', { done, total });
    case 'finished':
      return say('notificationsTrayFinished', { done, failed });
  }
}

/** An MP3 that was saved recently. */
export interface RecentSound {
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
}

export interface TrayActions {
  showFile(file: string): void;
  pauseAll(): void;
  continueAll(): void;
  chooseVideos(): void;
  openApp(): void;
  openSettings(): void;
  quit(): void;
}

type Item = MenuItemConstructorOptions;

/** The tray's menu, by each system's convention: macOS shows the keys, and separates *Settings*. */
export function trayMenu(
  system: System,
  summary: Summary,
  recent: readonly RecentSound[],
  actions: TrayActions,
): readonly Item[] {
  const isMac = system === 'macos';
  const label = (name: MessageName): string => menuLabel(system, name);
  const separator: Item = { type: 'separator' };
  const keys = (accelerator: string): Pick<Item, 'accelerator'> => (isMac ? { accelerator } : {});
  const isPaused = summary.mode === 'paused';
  const hold: readonly Item[] =
    summary.mode === 'working' || isPaused
      ? [
          isPaused
            ? { label: label('notificationsTrayContinue'), click: actions.continueAll }
            : { label: label('notificationsTrayPause'), click: actions.pauseAll },
        ]
      : [];
  const choose: Item = { label: label('notificationsTrayChoose'), click: actions.chooseVideos, ...keys('Command+O') };
  const open: Item = { label: label('notificationsTrayOpen'), click: actions.openApp };
  const settings: Item = {
    label: label('notificationsTraySettings'),
    click: actions.openSettings,
    ...keys('Command+,'),
  };
  const quit: Item = {
    label: label(isMac ? 'notificationsTrayQuitApp' : 'notificationsTrayQuit'),
    click: actions.quit,
    ...keys('Command+Q'),
  };
  const sounds: readonly Item[] = recent.map(({ name, file }) => ({
    id: file,
    // A single ampersand would mark an access key.
    label: isMac ? name : name.replaceAll('&', '&&'),
    click: () => actions.showFile(file),
  }));
  return [
    { label: trayTitle(summary), enabled: false },
    separator,
    ...(sounds.length > 0 ? [...sounds, separator] : []),
    ...(isMac ? [...hold, choose, open, separator, settings] : [open, ...hold, choose, settings]),
    separator,
    quit,
  ];
}
