import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { CDPSession } from '@playwright/test';
import { answerCustomScheme, customSchemes, disguisePolicy, undisguise } from '../api/protocol.ts';

/** A request that Chromium holds until we answer it. */
export interface PausedRequest {
  readonly requestId: string;
  readonly resourceType: string;
  readonly frameId: string;
  readonly request: {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly postData?: string;
  };
}

/** Decides about a request before it is answered. */
export type Decide = (paused: PausedRequest) => 'go' | 'abort' | 'block';

/** A player gets at most this much in one answer and asks for the rest. */
const pieceBytes = 1024 * 1024;

/** Answers requests for custom schemes and for the page's own file. All others continue. */
export async function interceptRequests(page: CDPSession, decide: Decide): Promise<void> {
  page.on('Fetch.requestPaused', (paused) => {
    answer(page, paused, decide).catch(async (error: unknown) => {
      process.stderr.write(`stand-in electron: ${paused.request.url}: ${String(error)}\n`);
      // The page may have gone.
      await page.send('Fetch.failRequest', { requestId: paused.requestId, errorReason: 'Failed' }).catch(() => {});
    });
  });
  await page.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
}

async function answer(page: CDPSession, paused: PausedRequest, decide: Decide): Promise<void> {
  const { requestId, request, resourceType } = paused;
  const decision = decide(paused);
  if (decision !== 'go') {
    const errorReason = decision === 'abort' ? 'Aborted' : 'BlockedByClient';
    await page.send('Fetch.failRequest', { requestId, errorReason });
    return;
  }
  if (undisguise(request.url) !== request.url) {
    await answerFromHandler(page, paused);
    return;
  }
  const rewritten = resourceType === 'Document' && request.url.startsWith('file:') && customSchemes().length > 0;
  if (!rewritten) {
    await page.send('Fetch.continueRequest', { requestId });
    return;
  }
  const html = await readFile(fileURLToPath(request.url.replace(/[?#].*$/, '')), 'utf8').catch(() => undefined);
  if (html === undefined) await page.send('Fetch.continueRequest', { requestId });
  else {
    await page.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: 200,
      responseHeaders: [{ name: 'content-type', value: 'text/html; charset=utf-8' }],
      body: Buffer.from(disguisePolicy(html)).toString('base64'),
    });
  }
}

async function answerFromHandler(page: CDPSession, { requestId, request }: PausedRequest): Promise<void> {
  const { url, method, headers, postData } = request;
  const response = await answerCustomScheme(new Request(url, { method, headers, body: postData ?? null }));
  if (response === undefined) {
    await page.send('Fetch.failRequest', { requestId, errorReason: 'Failed' });
    return;
  }
  const piece = await firstPiece(response);
  await page.send('Fetch.fulfillRequest', {
    requestId,
    responseCode: response.status,
    responseHeaders: [...piece.headers].map(([name, value]) => ({ name, value })),
    body: piece.body.toString('base64'),
  });
}

/** The beginning of a range: the player asks for the rest. An answer without a range is sent whole. */
async function firstPiece(response: Response): Promise<{ headers: Headers; body: Buffer }> {
  const headers = new Headers(response.headers);
  const range = /^bytes (\d+)-(\d+)\/(.+)$/.exec(headers.get('content-range') ?? '');
  const limit = response.status === 206 && range !== null ? pieceBytes : Number.POSITIVE_INFINITY;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    bytes += part.byteLength;
    // Leaving the loop cancels the rest of the stream.
    if (bytes >= limit) break;
  }
  const body = Buffer.concat(parts).subarray(0, Math.min(bytes, limit));
  if (range !== null && body.length < Number(range[2]) - Number(range[1]) + 1) {
    const first = Number(range[1]);
    headers.set('content-range', `bytes ${first}-${first + body.length - 1}/${range[3]}`);
    headers.set('content-length', String(body.length));
  }
  return { headers, body };
}
