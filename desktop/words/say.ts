import { sharedMessages } from '../../shared/words/en.ts';
import { createSay } from '../../shared/words/say.ts';
import { historyMessages } from './en/history.ts';
import { listMessages } from './en/list.ts';
import { menusMessages } from './en/menus.ts';
import { notificationsMessages } from './en/notifications.ts';
import { settingsMessages } from './en/settings.ts';
import { welcomeMessages } from './en/welcome.ts';

/** All messages of the app, in ICU message format, by name. */
const messages = {
  ...sharedMessages,
  ...listMessages,
  ...welcomeMessages,
  ...settingsMessages,
  ...historyMessages,
  ...notificationsMessages,
  ...menusMessages,
};

export type MessageName = keyof typeof messages;

/** The message of that name with its values filled in. Throws if a value is missing. */
export const say = createSay<MessageName>(messages);
