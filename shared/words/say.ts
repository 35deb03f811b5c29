import { IntlMessageFormat } from 'intl-messageformat';
import { sharedMessages } from './en.ts';

/** The language of all messages, and of the numbers, dates and plurals in them. */
export const language = 'en';

export type MessageValues = Readonly<Record<string, string | number>>;

/**
 * Makes the function that fills in the messages of a catalogue (ICU message format, by name). It throws if a value is missing.
 */
export function createSay<Name extends string>(
  messages: Readonly<Record<Name, string>>,
): (name: Name, values?: MessageValues) => string {
  const parsed = new Map<Name, IntlMessageFormat>();
  return (name, values = {}) => {
    let message = parsed.get(name);
    if (message === undefined) {
      // Values are plain text: a file name may contain something like a tag.
      message = new IntlMessageFormat(messages[name], language, undefined, { ignoreTag: true });
      parsed.set(name, message);
    }
    return String(message.format(values));
  };
}

/** Returns a message that server, command line, mail and app share. */
export const sayShared = createSay(sharedMessages);
