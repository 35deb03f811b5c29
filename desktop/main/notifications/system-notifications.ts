import type { NotificationConstructorOptions, Notification as ShownNotification } from 'electron';
import type { System } from '../../ipc.ts';
import type { SystemNotification } from './open-notifications.ts';

/** The used part of Electron's class. */
export interface NotificationClass {
  new (options: NotificationConstructorOptions): ShownNotification;
  isSupported(): boolean;
}

/** Shows notifications of the system, if it supports them. */
export function systemNotifier(
  Notification: NotificationClass,
  system: System,
): (notification: SystemNotification) => void {
  // Without a reference, a notification is garbage-collected and its clicks are lost.
  const held = new Set<ShownNotification>();
  return ({ title, body, silent, action, onClick }) => {
    if (!Notification.isSupported()) return;
    // Not all Linux desktops show buttons.
    const buttons = system === 'linux' ? {} : { actions: [{ type: 'button' as const, text: action }] };
    const shownBody = system === 'linux' ? asMarkup(body) : body;
    const notification = new Notification({ title, body: shownBody, silent, ...buttons });
    held.add(notification);
    notification.on('click', onClick);
    notification.on('action', onClick);
    notification.on('close', () => void held.delete(notification));
    notification.show();
  };
}

/**
 * Linux desktops read a notification's body as markup, with links and pictures (specifications.freedesktop.org/notification-spec), and Electron
 * passes it on unchanged. A file name may contain markup.
 */
function asMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
