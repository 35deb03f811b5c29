import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { type RawData } from 'ws';
import { isAppError } from '../../shared/errors.ts';
import { openSocketFrameSchema, type ServerEvent, type SocketFrame, socketTokenEnded } from '../../shared/events.ts';
import { createNewest } from './newest.ts';
import { parseJson } from './parse-json.ts';
import type { ServerSession } from './server-session.ts';

/** A server pings twice a minute; one that was silent for longer is gone, or a proxy has eaten the socket. */
const silentSeconds = 65;
/** What a server answers within, that is asked whether it is there. */
const answerSeconds = 5;
/** How long a socket may take to be there. */
const openSeconds = 20;
/** Between tries, doubled each time, with some chance in it: so that a thousand clients do not come back in one instant. */
const firstPauseSeconds = 0.5;
const longestPauseSeconds = 30;
/** A hello of five hundred conversions has some hundreds of kilobytes. */
const maxFrameBytes = 4 * 1024 * 1024;

export interface EventStream {
  /** Does not wait for the next try; asks a server that was connected to whether it still is there. */
  tryNow(): void;
  close(): void;
}

/** Whether the server can be heard at this moment. `nextTryAt`: when it is tried again, milliseconds since 1970. */
export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'waiting'; readonly nextTryAt: number }
  /** Somebody has to sign in: it is tried again all the same. */
  | { readonly kind: 'signed_out'; readonly nextTryAt: number };

export interface EventStreamOptions {
  readonly onState?: (state: StreamState) => void;
  /** Called when more has happened in between than is told: who wants all of it has to ask. */
  readonly onMissed?: () => void;
}

/**
 * Calls `listener` with all that the server tells, over a WebSocket that is opened anew whenever it breaks; what happened in
 * between is told then. What is older than what was told before is dropped. Where there can be no socket nothing is told: a client that
 * waits for something has to ask now and then.
 */
export function openEventStream(
  session: ServerSession,
  listener: (event: ServerEvent) => void,
  { onState = () => {}, onMissed = () => {} }: EventStreamOptions = {},
): EventStream {
  const closing = new AbortController();
  const { signal } = closing;
  const newest = createNewest();
  /** The position of the latest hello. */
  let since: string | undefined;
  let pauseSeconds = firstPauseSeconds;
  let hurry = new AbortController();
  /** Asks the server whether it still is there. */
  let check = (): void => {};

  function tell(event: ServerEvent): void {
    if (newest.hear(event)) listener(event);
  }

  function hear(frame: SocketFrame): void {
    if (frame.type !== 'hello') {
      tell(frame);
      return;
    }
    since = frame.at;
    pauseSeconds = firstPauseSeconds;
    onState({ kind: 'connected' });
    if (frame.truncated) onMissed();
    if (frame.removed.length > 0) tell({ type: 'removed', ids: frame.removed });
    for (const conversion of frame.conversions) tell({ type: 'conversion', conversion });
    for (const notification of frame.notifications) tell({ type: 'notification', notification });
  }

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      onState({ kind: 'connecting' });
      const isSignedOut = await carryOnce().then(
        () => false,
        (error: unknown) => isAppError(error, 'unauthorized'),
      );
      if (signal.aborted) break;
      const pause = pauseSeconds * (0.5 + Math.random()) * 1000;
      pauseSeconds = Math.min(longestPauseSeconds, pauseSeconds * 2);
      onState({ kind: isSignedOut ? 'signed_out' : 'waiting', nextTryAt: Date.now() + pause });
      hurry = new AbortController();
      const sooner = AbortSignal.any([signal, hurry.signal]);
      await delay(pause, undefined, { signal: sooner, ref: false }).catch(() => undefined);
    }
  }

  /** Throws where there is no good token to be had. */
  async function carryOnce(): Promise<void> {
    const token = await session.token();
    const end = await carry(token);
    if (end === socketTokenEnded) await session.renewed(token);
  }

  /** One socket, from its opening to its end. Resolves with the code that it was closed with. */
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
        // The token was good a moment ago by its own account; the server knows better.
        resolve(response.statusCode === 401 ? socketTokenEnded : 0);
        socket.terminate();
      })
      // The end tells it too.
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

/** Undefined for a frame of a newer server, which we do not know. */
function readFrame(data: RawData): SocketFrame | undefined {
  // As the library gives it where nothing else was asked for.
  if (!Buffer.isBuffer(data)) return undefined;
  const parsed = openSocketFrameSchema.safeParse(parseJson(data.toString('utf8')));
  return parsed.success ? parsed.data : undefined;
}
