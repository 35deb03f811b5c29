import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  batchSchema,
  conversionsQuerySchema,
  credentialsSchema,
  problemSchema,
  resetConfirmationSchema,
} from '../../../shared/api.ts';
import { listsTag, parseByteRange } from '../../../shared/byte-range.ts';
import { openSocketFrameSchema, socketSignInSchema } from '../../../shared/events.ts';
import { outputFileName, outputOptionsSchema } from '../../../shared/formats.ts';
import { fromCursor } from '../../adapters/stored-rows/page-cursor.ts';
import { createAccessTokens } from '../../auth/access-tokens.ts';
import { codeMail } from '../../auth/code-mail.ts';
import { createCodes } from '../../auth/codes.ts';
import { createPasswordHashing } from '../../auth/password-hashing.ts';
import { readRefreshToken } from '../../auth/refresh-tokens.ts';
import { parseConfig } from '../../config.ts';
import { findCutShort } from '../../converter/declared-duration/declared-duration.ts';
import { tellsOfFailedWrite, translateFailure } from '../../converter/ffmpeg/ffmpeg-failure.ts';
import { isDecodeError, parseFrameLine, parseLogLine, tellsOfLoss } from '../../converter/ffmpeg/ffmpeg-log.ts';
import { createListener } from '../../converter/listen-again.ts';
import { id3v2Bytes, parseFrameHeader, parseXingFrame } from '../../converter/outputs/mp3/mp3-frames.ts';
import { walkMp3 } from '../../converter/outputs/mp3/mp3-walk.ts';
import { readSourceFacts } from '../../converter/source-facts.ts';
import { openRoutes } from '../../gateway/open-routes.ts';
import { receiveMultipart } from '../../gateway/receive-multipart.ts';
import { parseBytes, parseChecksum, parseLength, parseMetadata } from '../../gateway/tus/tus-headers.ts';
import { cleanFileName } from '../../gateway/upload-file-name.ts';
import { createApp } from '../../http/app.ts';
import { parseBasic, parseBearer } from '../../http/authorization-header.ts';
import { networkOf } from '../../http/client-network.ts';
import { escapeHtml } from '../../http/escape-html.ts';
import { checkFraming, checkHostAndOrigin } from '../../http/request-checks.ts';
import { asksForWebSocket } from '../../http/upgrade.ts';
import { parseTicket } from '../../messages.ts';
import { oneLine } from '../../notifier/mail-words.ts';
import { systemClock } from '../../ports/clock.ts';
import { expectLinear, type Lengths, type Parse } from './expect-linear.ts';

function isTextPlace(value: unknown): value is readonly [string] {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string';
}

let folder: string;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const json = (schema: z.ZodType) => (text: string) => schema.safeParse(JSON.parse(text));
const member = (schema: z.ZodType, name: string) => (text: string) => schema.safeParse({ [name]: text });

function request(path: string, headers: readonly string[] = []): IncomingMessage {
  const made = new IncomingMessage(new Socket());
  made.method = 'GET';
  made.url = path;
  made.rawHeaders = ['Host', 'localhost', ...headers];
  const names = made.rawHeaders.filter((_, index) => index % 2 === 0);
  for (const [index, name] of names.entries()) made.headers[name.toLowerCase()] = made.rawHeaders[index * 2 + 1] ?? '';
  return made;
}

const app = createApp({
  routes: [
    ...openRoutes(),
    {
      method: 'get',
      path: '/list',
      access: 'anyone',
      operation: { summary: 'List', answers: {} },
      async handle({ request: asked, response }) {
        response.json(conversionsQuerySchema.safeParse(asked.query));
      },
    },
  ],
  authentication: { identify: () => Promise.reject(new Error('nobody')) },
  hosts: { loopback: true },
  trustedProxies: ['127.0.0.0/8', '::1'],
  log: pino({ level: 'silent' }),
});

/** Answers a request with the whole app. */
async function answer(asked: IncomingMessage): Promise<void> {
  Object.defineProperty(asked.socket, 'remoteAddress', { value: '127.0.0.1' });
  const response = new ServerResponse(asked);
  await new Promise<void>((resolve) => {
    app(asked, Object.assign(response, { end: () => (resolve(), response) }));
  });
}

async function receiveForm(type: string, body: string): Promise<void> {
  const sent = Object.assign(Readable.from([Buffer.from(body)], { objectMode: false }), {
    headers: { 'content-type': type },
  });
  await receiveMultipart(
    sent as unknown as IncomingMessage,
    new ServerResponse(request('/')),
    async (_name, source, stop) => {
      const stopped = new Promise<never>((_resolve, reject) => {
        stop.addEventListener('abort', () => reject(stop.reason));
      });
      await Promise.race([drain(source), stopped]);
      return { bytes: 0, accept: () => Promise.reject(new Error('not wanted')), abandon: async () => undefined };
    },
    {
      ...{ maxBytes: 1e9, idleSeconds: 0.1, signal: new AbortController().signal },
      requireRoom: async () => undefined,
    },
  );
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of source);
}

const formType = 'multipart/form-data; boundary=x';
const file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n';

async function inFile(text: string, read: (path: string, bytes: number) => Promise<unknown>): Promise<void> {
  const path = join(folder, 'source');
  const bytes = Buffer.from(text);
  await writeFile(path, bytes);
  await read(path, bytes.byteLength);
}
const cutShort = (name: string, text: string): Promise<void> =>
  inFile(text, (path, bytes) =>
    findCutShort({ format: { format_name: name, duration: '9' }, track: { duration: '9' } }, { path, bytes }, 1),
  );

const end = { program: 'ffprobe', exitCode: 1, signal: undefined, elapsedSeconds: 1 } as const;
const limits = { wallSeconds: 9, cpuSeconds: 9, memoryBytes: 9, fileBytes: 9 };
const codes = createCodes({
  codes: {
    takeTry: async () => true,
    get: async () => ({
      userId: 'user',
      purpose: 'confirm',
      hash: 'x'.repeat(43),
      sentAt: '',
      endsAt: '2999-01-01T00:00:00Z',
      triesLeft: 1,
    }),
    put: async () => true,
    use: async () => true,
    removeAllOf: async () => undefined,
    removeEnded: async () => undefined,
  },
  secrets: ['secret'],
  clock: systemClock,
});
const tokens = createAccessTokens({ secrets: ['x'.repeat(32)], clock: systemClock });
const hashing = createPasswordHashing({ hash: async (password) => password, verify: async () => true });
const probe = (text: string, name: string): string =>
  JSON.stringify({
    format: { format_name: 'mov,mp4', tags: { [name]: text } },
    streams: [{ index: 0, codec_type: 'audio', codec_name: 'aac', sample_rate: '44100', channels: 2 }],
  });

/** Each with texts that it accepts before what is hostile. */
const parsers: Readonly<Record<string, readonly [parse: Parse, ...before: string[]]>> = {
  'Upload-Metadata': [parseMetadata, 'filename ', 'a', 'a YQ==', 'a YQ==,b '],
  'a name in Upload-Metadata': [(text) => parseMetadata(`filename ${base64(text)}`)],
  'options in Upload-Metadata': [(text) => parseMetadata(`options ${base64(text)}`), '{"format":"mp3","track":'],
  'a batch in Upload-Metadata': [(text) => parseMetadata(`batchId ${base64(text)},batchSize ${base64(text)}`)],
  'Upload-Checksum': [parseChecksum, 'sha1 ', 'sha1', 'sha1 YQ=='],
  'Upload-Offset': [(text) => parseBytes('Upload-Offset', text), '1'],
  'Upload-Length': [(text) => parseLength(text, undefined), '1'],
  Range: [(text) => parseByteRange(text, 1000), 'bytes=', 'bytes=1-', 'bytes=1'],
  'If-None-Match': [(text) => listsTag(text, '"a"'), 'W/', '"'],
  'Authorization: Bearer': [parseBearer, 'Bearer ', 'Bearer', 'Bearer a', 'Bearer a='],
  'Authorization: Basic': [parseBasic, 'Basic ', 'Basic', 'Basic a', 'Basic a='],
  'a name and a password': [(text) => parseBasic(`Basic ${base64(text)}`), 'ada@example.com:'],
  'an access token': [(text) => tokens.verify(text), 'eyJhbGciOiJIUzI1NiJ9.', 'a.b.'],
  'a refresh token': [readRefreshToken, 'a.'],
  'a code': [(text) => codes.redeem('user', 'confirm', text)],
  'a password': [(text) => hashing.matches('hash', text)],
  Host: [(text) => checkHostAndOrigin(request('/', ['Host', text]), { loopback: true }), 'localhost:', '['],
  Origin: [
    (text) => checkHostAndOrigin(request('/', ['Origin', text]), { loopback: true, publicUrl: 'http://a.example' }),
    'http://',
    'http://a:',
  ],
  'Transfer-Encoding': [(text) => checkFraming(request('/', ['Transfer-Encoding', text])), 'chunked'],
  Upgrade: [(text) => asksForWebSocket(request('/', ['Upgrade', text])), 'websocket'],
  'X-Forwarded-For': [(text) => answer(request('/', ['X-Forwarded-For', text])), '127.0.0.1, ', '::'],
  'a client’s network': [networkOf, '2001:db8:', '::ffff:', 'fe80::1%'],
  'a path': [(text) => answer(request(`/${text}`)), 'open/b/', 'open/b/a/'],
  'a query': [(text) => answer(request(`/list?${text}`)), 'limit=', 'cursor=a&'],
  'a cursor': [(text) => fromCursor(text, isTextPlace), 'WyJhIl0'],
  'a cursor’s contents': [(text) => fromCursor(Buffer.from(text).toString('base64url'), isTextPlace), '["'],
  'the Content-Type of a form': [(text) => receiveForm(`multipart/form-data;${text}`, ''), ' boundary=', ' a="'],
  'the boundary of a form': [(text) => receiveForm(`multipart/form-data; boundary=${text.slice(0, 8000)}`, text)],
  'the body of a form': [
    (text) => receiveForm(formType, text),
    '--x\r\n',
    file,
    `${file}\r\n--x`,
    `${file}\r\n--x\r\n`,
  ],
  'the headers of a part': [
    (text) => receiveForm(formType, `--x\r\n${text}\r\n\r\nvideo\r\n--x--\r\n`),
    'Content-Disposition: ',
    'Content-Disposition: form-data; name="file"; filename="',
    "Content-Disposition: form-data; name=file; filename*=UTF-8''",
    'Content-Disposition: form-data; name=file; filename=a\r\nContent-Type: ',
  ],
  'the name of a file': [cleanFileName, 'a.', '/'],
  'the name of an MP3': [(text) => outputFileName(text, 'mp3'), 'a.'],
  'JSON of an account': [json(credentialsSchema), '{"email":"', '{"email":"a@b.c","password":"', '['],
  'an e-mail address': [member(credentialsSchema, 'email'), 'a@', 'a@b.', 'a'],
  'JSON of a reset': [json(resetConfirmationSchema), '{"code":"'],
  'JSON of options': [json(outputOptionsSchema), '{"format":"'],
  'JSON of a batch': [json(batchSchema), '{"batchId":"'],
  'JSON of a socket': [json(socketSignInSchema), '{"type":"auth","token":"'],
  'JSON of an event': [json(openSocketFrameSchema), '{"type":"'],
  'JSON of a problem': [json(problemSchema), '{"title":"'],
  'JSON of a ticket': [parseTicket, '{"conversionId":"'],
  'a query’s fields': [member(conversionsQuerySchema, 'limit'), '1'],
  'text in HTML': [escapeHtml],
  'text in a mail': [oneLine],
  'an address in a mail': [(text) => codeMail({ purpose: 'confirm', to: text, code: '1', host: text })],
  'a line of ffmpeg': [
    (text) => parseLogLine(text),
    '[',
    '[a @ ',
    '[a @ 0x0] [',
    '[a @ 0x0] [error] ',
    '[aac @ 0x0] [warning] ',
  ],
  'a loss in a line': [
    (text) => [
      tellsOfLoss({ speaker: text, level: 'warning', text }, ['h264']),
      isDecodeError({ speaker: text, level: 'error', text }, 'mov'),
    ],
  ],
  'a frame in a line': [
    (text) => parseFrameLine({ speaker: 'Parsed_ashowinfo_0', level: 'info', text }),
    'n:0 pts_time:0 ',
    'pts_time:',
    'pts_time:0 fmt:s16 ',
    'pts_time:0 fmt:s16 rate:',
    'pts_time:0 fmt:s16 rate:1 nb_samples:',
  ],
  'lines of a decoder': [
    (text) => createListener({ container: 'mov', otherCodecs: [] }).hear({ speaker: 'aac', level: 'error', text }),
  ],
  'the last words of ffmpeg': [
    (text) => translateFailure({ ...end, limits, stderrTail: text }),
    'Decoder ',
    '[error] ',
    '/sh: ',
    'ffmpeg: ',
    '\n',
  ],
  'a failed write': [tellsOfFailedWrite, '[error] '],
  'JSON of ffprobe': [
    (text) => readSourceFacts(text),
    '{"format":{"format_name":"',
    '{"streams":[',
    '{"streams":[{"tags":{"a":"',
  ],
  'a title': [(text) => readSourceFacts(probe(text, 'title'))],
  'a tag’s name': [(text) => readSourceFacts(probe('a', text))],
  'an MP3': [(text) => inFile(text, (path) => walkMp3(path)), 'ID3\u0003\0\0\0\0\0\u0001'],
  'frames of an MP3': [
    (text) => {
      const bytes = Buffer.from(text);
      const header = parseFrameHeader(0xfffb9064);
      return [id3v2Bytes(bytes), header && parseXingFrame(bytes, header), parseFrameHeader(bytes.readUInt32BE(0))];
    },
    'ID3',
  ],
  'an MP4': [(text) => cutShort('mov,mp4', text), '\0\0\0\u0008', '\0\0\0\u0008moov'],
  'a Matroska file': [(text) => cutShort('matroska,webm', text), '\u001aE'],
  'an ASF file': [(text) => cutShort('asf', text)],
  'an FLV file': [(text) => cutShort('flv', text), 'FLV\u0001\u0005\0\0\0\u0009'],
  'an AVI or WAV file': [
    async (text) => {
      for (const name of ['avi', 'wav', 'aiff', 'w64', 'caf', 'au']) await cutShort(name, text);
    },
    'RIFF\u0008\0\0\0WAVE',
  ],
  'a bare MP3': [(text) => cutShort('mp3', text), 'ID3'],
};

/** Tests every parser of the backend with hostile texts of these lengths. */
export function describeLinearTime(lengths: Lengths): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soundlift-parsers-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe('every parser of what comes from outside takes time linear in its length:', () => {
    it.each(Object.entries(parsers))('%s', async (_name, [parse, ...before]) => {
      await expectLinear(parse, before, lengths);
    });
  });

  it('a setting of the operator is parsed in linear time, too', async () => {
    expect(parseConfig({}).port).toBe(8080);
    for (const name of ['HOST', 'PUBLIC_URL', 'TRUSTED_PROXIES', 'JWT_SECRET', 'SMTP_URL', 'MAIL_FROM', 'PORT']) {
      const before = name.endsWith('URL') ? ['http://a/'] : [];
      await expectLinear((text) => parseConfig({ [name]: text }), before, lengths);
    }
  });
}
