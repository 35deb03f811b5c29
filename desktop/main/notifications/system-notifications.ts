import type { NotificationConstructorOptions, Notification as ShownNotification } from 'electron';
import type { System } from '../../ipc.ts';
import type { SystemNotification } from './open-notifications.ts';

/** Electron's class, as far as it is used. */
export interface NotificationClass {
  new (options: NotificationConstructorOptions): ShownNotification;
  isSupported(): boolean;
}

/** Shows notifications of the system's own, where it has any. */
export function systemNotifier(
  Notification: NotificationClass,
  system: System,
): (notification: SystemNotification) => void {
  // One that nobody holds is collected, and its clicks go nowhere.
  const held = new Set<ShownNotification>();
  return ({ title, body, silent, action, onClick }) => {
    if (!Notification.isSupported()) return;
    // On Linux a click on it is all that every desktop has.
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
 * hands it on as it is: a file's name could hold some.
 */
function asMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
