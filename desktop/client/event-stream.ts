import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { type RawData } from 'ws';
import { isAppError } from '../../shared/errors.ts';
import {
  eventsIn,
  openSocketFrameSchema,
  type ServerEvent,
  type SocketFrame,
  socketTokenEnded,
} from '../../shared/events.ts';
import { createNewest } from '../../shared/newest-revisions.ts';
import { longestRetryAfterSeconds } from './keep-trying.ts';
import { parseJson } from './parse-json.ts';
import type { ServerSession } from './server-session.ts';

/** A server pings twice a minute. If nothing comes for this long, the server is gone or a proxy has dropped the socket. */
const silentSeconds = 65;
/** How long a server may take to answer a ping of ours. */
const answerSeconds = 5;
/** How long a socket may take to open. */
const openSeconds = 20;
/** The pause before a retry. It doubles each time and has a random part, so that a thousand clients do not reconnect at once. */
const firstPauseSeconds = 0.5;
const longestPauseSeconds = 30;
/** A hello with 500 conversions has a few hundred kilobytes. */
const maxFrameBytes = 4 * 1024 * 1024;

export interface EventStream {
  /** Retries now instead of waiting. If a socket is open, checks that the server still answers. */
  tryNow(): void;
  close(): void;
}

/** Whether events can arrive right now. `nextTryAt` is the time of the next try, in milliseconds since 1970. */
export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'waiting'; readonly nextTryAt: number }
  /** The person must sign in. Retries continue all the same. */
  | { readonly kind: 'signed_out'; readonly nextTryAt: number };

export interface EventStreamOptions {
  readonly onState?: (state: StreamState) => void;
  /** Called when more was missed than the server reports. A client that needs all of it must list instead. */
  readonly onMissed?: () => void;
}

/**
 * Calls `listener` with each event of the server. The events come over a WebSocket, which is opened again whenever it breaks; the
 * server then reports what was missed. Events older than those already delivered are dropped. Where no socket can be opened, no
 * events arrive: a client that waits for something must also ask from time to time.
 */
export function openEventStream(
  session: ServerSession,
  listener: (event: ServerEvent) => void,
  { onState = () => {}, onMissed = () => {} }: EventStreamOptions = {},
): EventStream {
  const closing = new AbortController();
  const { signal } = closing;
  const newest = createNewest();
  /** The latest change position. Everything up to it was given to the listener. */
  let since: string | undefined;
  let pauseSeconds = firstPauseSeconds;
  /** The wait that the server asked for when it refused the latest socket. */
  let wantedSeconds = 0;
  let hurry = new AbortController();
  /** Checks that the server still answers. */
  let check = (): void => {};

  function hear(frame: SocketFrame): void {
    if (frame.type === 'hello' || frame.type === 'at') since = frame.at;
    if (frame.type === 'hello') {
      pauseSeconds = firstPauseSeconds;
      onState({ kind: 'connected' });
      if (frame.truncated) onMissed();
    }
    for (const event of eventsIn(frame)) if (newest.hear(event)) listener(event);
  }

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      onState({ kind: 'connecting' });
      const isSignedOut = await carryOnce().then(
        () => false,
        (error: unknown) => isAppError(error, 'unauthorized'),
      );
      if (signal.aborted) break;
      const pause = Math.max(wantedSeconds, pauseSeconds * (0.5 + Math.random())) * 1000;
      wantedSeconds = 0;
      pauseSeconds = Math.min(longestPauseSeconds, pauseSeconds * 2);
      onState({ kind: isSignedOut ? 'signed_out' : 'waiting', nextTryAt: Date.now() + pause });
      hurry = new AbortController();
      const sooner = AbortSignal.any([signal, hurry.signal]);
      await delay(pause, undefined, { signal: sooner, ref: false }).catch(() => undefined);
    }
  }

  /** Throws if no valid token can be had. */
  async function carryOnce(): Promise<void> {
    const token = await session.token();
    const end = await carry(token);
    if (end === socketTokenEnded) await session.renewed(token);
  }

  /** Runs one socket from opening to close. Resolves with the close code. */
  async function carry(token: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const url = new URL(`${session.http.url}/api/v1/events`);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (since !== undefined) url.searchParams.set('since', since);
    const socket = new WebSocket(url, {
      headers: { Authorization: `Bearer ${token}` },
      followRedirects: false,
      handshakeTimeout: openSeconds * 1000,
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
    });
    const silence = setTimeout(() => socket.terminate(), silentSeconds * 1000);
    silence.unref();
    const stop = (): void => socket.terminate();
    check = () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      const unanswered = setTimeout(stop, answerSeconds * 1000);
      unanswered.unref();
      const heard = (): void => clearTimeout(unanswered);
      socket.once('pong', heard).once('close', heard).ping();
    };
    signal.addEventListener('abort', stop);
    socket
      .on('message', (data: RawData, isBinary: boolean) => {
        silence.refresh();
        const frame = isBinary ? undefined : readFrame(data);
        if (frame !== undefined && !signal.aborted) hear(frame);
      })
      .on('ping', () => silence.refresh())
      .on('unexpected-response', (_request, response: IncomingMessage) => {
        response.resume();
        const wanted = Number(response.headers['retry-after'] ?? 0);
        if (wanted > 0) wantedSeconds = Math.min(wanted, longestRetryAfterSeconds);
        // By its expiry time the token is valid, but the server decides.
        resolve(response.statusCode === 401 ? socketTokenEnded : 0);
        socket.terminate();
      })
      // `close` follows each error.
      .on('error', () => undefined)
      .on('close', (code) => resolve(code));
    const code = await promise;
    check = () => {};
    signal.removeEventListener('abort', stop);
    clearTimeout(silence);
    return code;
  }

  void listen();
  return {
    tryNow() {
      pauseSeconds = firstPauseSeconds;
      hurry.abort();
      check();
    },
    close: () => closing.abort(),
  };
}

/** Undefined for a frame of a newer server that this version does not know. */
function readFrame(data: RawData): SocketFrame | undefined {
  // By default, the library delivers a Buffer.
  if (!Buffer.isBuffer(data)) return undefined;
  const parsed = openSocketFrameSchema.safeParse(parseJson(data.toString('utf8')));
  return parsed.success ? parsed.data : undefined;
}
