import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { CustomScheme } from 'electron';
import { parseByteRange } from '../../../shared/byte-range.ts';
import { soundScheme } from '../../ipc.ts';

/** To be registered before the app is ready. Sounds are streamed; nothing else of the web is allowed. */
export const soundSchemePrivileges: CustomScheme = {
  scheme: soundScheme,
  privileges: { standard: true, secure: true, stream: true, supportFetchAPI: false, corsEnabled: false },
};

const headers = {
  'Content-Type': 'audio/mpeg',
  'Accept-Ranges': 'bytes',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Answers a request for `soundlift-sound://row/ID` with the MP3 of that row or item of the history, and never with another file.
 * @param savedFile where the MP3 of an id was saved, absolute; undefined for an unknown id
 */
export async function answerSound(request: Request, savedFile: (id: string) => string | undefined): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 });
  const file = savedFile(idOf(request.url) ?? '');
  const opened = file === undefined ? undefined : await openRegular(file);
  if (opened === undefined) return new Response(null, { status: 404 });
  const { handle, size } = opened;
  const range = parseByteRange(request.headers.get('Range'), size);
  if (range === 'unsatisfiable') {
    await handle.close();
    return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${size}` } });
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range;
  const answer = {
    status: range === 'whole' ? 200 : 206,
    headers: {
      ...headers,
      'Content-Length': String(end - start),
      ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
    },
  };
  if (request.method === 'HEAD' || size === 0) {
    await handle.close();
    return new Response(null, answer);
  }
  const stream = createReadStream('', { fd: handle, start, end: end - 1 });
  request.signal.addEventListener('abort', () => stream.destroy(), { once: true });
  return new Response(Readable.toWeb(stream) as ReadableStream, answer);
}

function idOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== `${soundScheme}:` || parsed.host !== 'row' || parsed.search !== '') return undefined;
  const encoded = /^\/([^/]+)$/.exec(parsed.pathname)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Opens a file, but not a symbolic link. Undefined if it cannot be read. */
async function openRegular(file: string): Promise<{ handle: FileHandle; size: number } | undefined> {
  let handle: FileHandle;
  try {
    // Windows has no such flag, and only administrators can create links there.
    handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch {
    return undefined;
  }
  const facts = await handle.stat();
  if (facts.isFile()) return { handle, size: facts.size };
  await handle.close();
  return undefined;
}
