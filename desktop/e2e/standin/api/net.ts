import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { strict } from '../strict.ts';

export const net = strict('net', {
  online: true,
  isOnline: () => true,
  /** Reads files with ranges, as Chromium does. Node fetches all other addresses. */
  fetch: async (input: string | Request, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(input, init);
    return request.url.startsWith('file:') ? await fetchFile(request) : await fetch(request);
  },
});

async function fetchFile({ url, headers }: Request): Promise<Response> {
  const path = fileURLToPath(url);
  const { size } = await stat(path).catch((error: unknown) => {
    throw new Error('net::ERR_FILE_NOT_FOUND', { cause: error });
  });
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.get('range') ?? '') ?? [];
  const start = first === '' && last !== '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first !== '' && last !== '' ? Math.min(Number(last), size - 1) : size - 1;
  const ranged = first !== '' || last !== '';
  if (ranged && start > end)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${size}` } });
  const body = Readable.toWeb(createReadStream(path, { start, end: Math.max(end, 0) })) as ReadableStream<Uint8Array>;
  return new Response(body, {
    status: ranged ? 206 : 200,
    headers: {
      'content-length': String(end - start + 1),
      ...(ranged ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    },
  });
}
