import { IntlMessageFormat } from 'intl-messageformat';
import { historyMessages } from './en/history.ts';
import { listMessages } from './en/list.ts';
import { measuresMessages } from './en/measures.ts';
import { menusMessages } from './en/menus.ts';
import { notificationsMessages } from './en/notifications.ts';
import { settingsMessages } from './en/settings.ts';
import { welcomeMessages } from './en/welcome.ts';

/** The language of all messages, and of numbers, dates and plurals in them. */
export const language = 'en';

/** All that the app says, in ICU's message format, by a name of ours. */
const messages = {
  ...listMessages,
  ...welcomeMessages,
  ...settingsMessages,
  ...historyMessages,
  ...notificationsMessages,
  ...menusMessages,
  ...measuresMessages,
};

export type MessageName = keyof typeof messages;
export type MessageValues = Readonly<Record<string, string | number>>;

const parsed = new Map<MessageName, IntlMessageFormat>();

/** The message of that name with its values in their places. Throws where a value is missing. */
export function say(name: MessageName, values: MessageValues = {}): string {
  let message = parsed.get(name);
  if (message === undefined) {
    // Values are text: a file name may hold what looks like a tag.
    message = new IntlMessageFormat(messages[name], language, undefined, { ignoreTag: true });
    parsed.set(name, message);
  }
  return String(message.format(values));
}
