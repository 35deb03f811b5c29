import { describe, it } from 'vitest';
import { expectLinear, type Lengths, type Parse } from '../../backend/tests/parsers/expect-linear.ts';
import { openConversionsPageSchema, openNotificationsPageSchema } from '../../shared/api.ts';
import { openSocketFrameSchema } from '../../shared/events.ts';
import { failureSentence } from '../../shared/words/failure-sentence.ts';
import { cutToWidth, displayWidth, harmless, harmlessJson } from '../cli/terminal-text.ts';
import { validFileName } from '../client/file-names.ts';
import { hasMediaExtension } from '../client/media-files.ts';
import { parseJson } from '../client/parse-json.ts';
import { parseServerAddress, refusal } from '../client/server-http.ts';
import { readCommandLine } from '../main/app/command-line.ts';
import { parseSoundliftLink } from '../main/app/soundlift-link.ts';
import { folderWords } from '../main/list/folder-words.ts';
import { requestArguments } from '../main/requests/request-arguments.ts';
import { traceOf } from '../main/settings/error-memory.ts';
import { isOwnAddress } from '../main/window/own-addresses.ts';

const failed = (text: string): Error => {
  const error = new Error('it failed');
  error.stack = `Error: it failed\n    at ${text}`;
  return error;
};

/** Each with texts that it accepts before what is hostile. */
const parsers: Readonly<Record<string, readonly [parse: Parse, ...before: string[]]>> = {
  'a link': [parseSoundliftLink, 'soundlift://b/', 'soundlift://b/a/'],
  'a command line': [
    (text) => readCommandLine({ argv: ['soundlift', text], folder: '/home' }),
    '--',
    'file://',
    'file:///',
    'http',
  ],
  'a server’s address': [parseServerAddress, 'http://', 'https://a.example/', 'localhost'],
  'a file name, anywhere': [
    (text) => (['linux', 'darwin', 'win32'] as const).map((platform) => validFileName(text, platform)),
    'a.',
    'con',
  ],
  'a folder': [(text) => folderWords(`/${text}`, '/home')],
  'the extension of a file': [hasMediaExtension, 'a.'],
  'a server’s answer': [parseJson, '{"a":"', '['],
  'a server’s refusal': [(text) => refusal('a.example', 429, text), '{"detail":"'],
  'a page of conversions': [(text) => openConversionsPageSchema.safeParse(parseJson(text)), '{"items":[{"id":"'],
  'a page of notifications': [(text) => openNotificationsPageSchema.safeParse(parseJson(text)), '{"items":[{"id":"'],
  'a frame of a socket': [(text) => openSocketFrameSchema.safeParse(parseJson(text)), '{"type":"'],
  'the sentence of a failure': [(text) => failureSentence({ code: 'unknown', message: text }, text)],
  'text for a terminal': [(text) => [harmless(text), harmlessJson(text)]],
  'the width of text': [displayWidth],
  'text that is cut': [(text) => cutToWidth(text, 80)],
  'a stack': [(text) => traceOf(failed(text)), 'a (', 'async a (/', 'file:///a/', 'a [as b] (', 'x ('],
  'an error’s message': [(text) => traceOf(new Error(text)), 'file '],
  'an address of the page': [(text) => isOwnAddress(text, { pageFolder: '/app' }), 'file:///'],
  'a request of the page': [
    (text) => Object.values(requestArguments).map((schema) => schema.safeParse([text, { [text]: text }])),
  ],
};

/** Tests every parser of the clients with hostile texts of these lengths. */
export function describeLinearTime(lengths: Lengths): void {
  describe('every parser of what comes from outside takes time linear in its length:', () => {
    it.each(Object.entries(parsers))('%s', async (_name, [parse, ...before]) => {
      await expectLinear(parse, before, lengths);
    });
  });
}
