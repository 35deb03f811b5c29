import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { isAppError } from '../../../shared/errors.ts';
import { socketSignInSchema, socketTokenEnded } from '../../../shared/events.ts';
import type { OwnedChanges } from '../../conversions/owned-changes.ts';
import type { Authentication, Identity } from '../../http/authentication.ts';
import type { EventBus, Subscription } from '../../ports/event-bus.ts';
import { type ClientWatch, watchClient } from './client-watch.ts';
import { type EventFeed, feedEvents } from './event-feed.ts';
import type { SocketLimits } from './socket-limits.ts';

/** RFC 6455, section 7.4.1, and IANA's registry of close codes. */
const closeCodes = { goingAway: 1001, notText: 1003, notExpected: 1008, tryAgainLater: 1013 } as const;

export interface EventSocketParts {
  readonly changes: OwnedChanges;
  readonly events: Pick<EventBus, 'subscribeInternal'>;
  readonly authentication: Pick<Authentication, 'identify'>;
  readonly limits: SocketLimits;
  readonly log: Logger;
}

/** A token that has been checked. */
export interface SignedIn {
  readonly token: string;
  readonly identity: Identity;
}

export interface EventSocketOptions {
  /** Absent if the client signs in with its first message. */
  readonly signedIn?: SignedIn;
  readonly since?: string;
  /** The client's address. */
  readonly client: string;
  /** Called when the client has signed in, or has disconnected without signing in. */
  readonly onSignInOver: () => void;
  /** Counts a client that has signed in with its first message. Throws `too_many`. */
  readonly count: (identity: Identity) => void;
}

/** One client's connection. */
export interface EventSocket {
  /** Tells the client that the server is shutting down. The socket is closed soon, even if the client does not answer. */
  goAway(): void;
}

/**
 * Sends one account's events to one client, until the client disconnects, its token expires or the server shuts down. A client sends
 * at most one message: its token, if it could not set a header. Any other message ends the socket.
 */
export function carryEvents(socket: WebSocket, options: EventSocketOptions, parts: EventSocketParts): EventSocket {
  const { authentication, events, limits, log } = parts;
  let phase: 'signing in' | 'token being checked' | 'signed in' | 'ended' = 'signing in';
  let signInTimer: NodeJS.Timeout | undefined;
  let watch: ClientWatch | undefined;
  let feed: EventFeed | undefined;
  let endings: Subscription | undefined;
  let account: string | undefined;
  const began = performance.now();

  function letGo(): void {
    if (phase === 'ended') return;
    if (phase !== 'signed in') options.onSignInOver();
    phase = 'ended';
    clearTimeout(signInTimer);
    watch?.end();
    endings?.end();
    feed?.end();
  }

  function end(code: number, reason: string): void {
    if (phase === 'ended') return;
    letGo();
    socket.close(code, reason);
  }

  /** Ends the connection without a close frame, because a close frame would be sent after everything else that is queued. */
  function cutOff(reason: string): void {
    log.debug({ why: reason }, 'socket cut off');
    letGo();
    socket.terminate();
  }

  function send(frame: Buffer): void {
    if (phase === 'ended') return;
    if (socket.bufferedAmount + frame.byteLength > limits.maxQueuedBytes) return cutOff('too slow');
    socket.send(frame, { binary: false });
  }

  function fail(error: unknown): void {
    if (isAppError(error, 'unauthorized')) return end(socketTokenEnded, 'The token is invalid or has expired.');
    if (!isAppError(error, 'unavailable', 'too_many')) log.error({ err: error }, 'socket failed');
    end(closeCodes.tryAgainLater, 'Try again later.');
  }

  function begin({ token, identity }: SignedIn, since: string | undefined): void {
    options.onSignInOver();
    phase = 'signed in';
    account = identity.accountId;
    clearTimeout(signInTimer);
    const check = (): void => checkAgain(token);
    watch = watchClient({
      tokenSeconds: identity.secondsLeft,
      pingSeconds: limits.pingSeconds,
      ping() {
        socket.ping();
        feed?.tellPosition();
        check();
      },
      onTokenEnd: () => end(socketTokenEnded, 'The token has expired.'),
      onSilence: () => cutOff('no answer to a ping'),
    });
    endings = events.subscribeInternal({ owner: account, kinds: ['sessions_ended'] }, check, check);
    // The session may have ended after the token was checked and before this subscription received anything.
    endings.ready.then(check).catch(fail);
    const client = { owner: account, since, queuedBytes: () => socket.bufferedAmount, send, cutOff, fail };
    feed = feedEvents(client, parts);
  }

  /** An account or a session may be removed before its token expires. While auth cannot be reached, clients stay signed in. */
  function checkAgain(token: string): void {
    if (phase === 'ended') return;
    authentication.identify(token).catch((error: unknown) => {
      if (isAppError(error, 'unauthorized')) end(socketTokenEnded, 'The token is no longer valid.');
      else log.warn({ err: error }, 'could not check a token again');
    });
  }

  async function signIn(data: RawData): Promise<void> {
    const message = parseSignIn(data);
    if (message === undefined) return end(closeCodes.notExpected, 'The first message must sign in.');
    phase = 'token being checked';
    const { token } = message;
    const identity = await authentication.identify(token);
    if (phase !== 'token being checked') return;
    options.count(identity);
    begin({ token, identity }, message.since ?? options.since);
  }

  socket.on('message', (data, isBinary) => {
    if (phase === 'ended') return;
    if (isBinary) end(closeCodes.notText, 'Messages must be text.');
    else if (phase === 'signing in') signIn(data).catch(fail);
    else end(closeCodes.notExpected, 'No more messages are accepted.');
  });
  socket.on('pong', () => watch?.answered());
  socket.on('error', (error) => {
    // The client sent something malformed, or the connection broke. The library closes the socket after this.
    log.debug({ err: error }, 'socket broke');
    letGo();
  });
  socket.on('close', (code) => {
    letGo();
    const seconds = Math.round((performance.now() - began) / 1000);
    log.info({ client: options.client, account, code, seconds }, 'socket closed');
  });

  if (options.signedIn === undefined) {
    signInTimer = setTimeout(
      () => end(closeCodes.notExpected, 'The client did not sign in in time.'),
      limits.signInSeconds * 1000,
    );
  } else {
    begin(options.signedIn, options.since);
  }
  return { goAway: () => end(closeCodes.goingAway, 'The server is shutting down.') };
}

function parseSignIn(data: RawData) {
  // The library gives a Buffer unless it is configured otherwise.
  if (!Buffer.isBuffer(data)) return undefined;
  try {
    return socketSignInSchema.safeParse(JSON.parse(data.toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
