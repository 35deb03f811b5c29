import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { isAppError } from '../../../shared/errors.ts';
import { type ServerEvent, socketSignInSchema, socketTokenEnded } from '../../../shared/events.ts';
import type { OwnedChanges } from '../../conversions/owned-changes.ts';
import type { Authentication, Identity } from '../../http/authentication.ts';
import type { Subscription } from '../../ports/event-bus.ts';
import { frameOf, helloFrame } from './event-frames.ts';
import type { SocketLimits } from './socket-limits.ts';

/** RFC 6455, section 7.4.1, and IANA's registry of close codes. */
const closeCodes = { goingAway: 1001, notText: 1003, notExpected: 1008, tryAgainLater: 1013 } as const;

export interface EventSocketParts {
  readonly changes: OwnedChanges;
  readonly authentication: Pick<Authentication, 'identify'>;
  readonly limits: SocketLimits;
  readonly log: Logger;
}

/** A verified token. */
export interface SignedIn {
  readonly token: string;
  readonly identity: Identity;
}

export interface EventSocketOptions {
  /** Left out if the client signs in with its first message. */
  readonly signedIn?: SignedIn;
  readonly since?: string;
  /** The address of the client. */
  readonly client: string;
  /** Called when the client has signed in, or has left before that. */
  readonly onSignInOver: () => void;
}

/** A connected client. */
export interface EventSocket {
  /** Tells the client that the server is shutting down. The socket is closed soon after, whatever the client does. */
  goAway(): void;
}

/**
 * Sends the events of an account to one client, until the client leaves, its token ends or the server shuts down. The
 * client may send only one message, to sign in, and only if it could not set a header. Any other message closes the
 * socket.
 */
export function carryEvents(socket: WebSocket, options: EventSocketOptions, parts: EventSocketParts): EventSocket {
  const { changes, authentication, limits, log } = parts;
  let phase: 'to sign in' | 'looked at' | 'signed in' | 'ended' = 'to sign in';
  let timer: NodeJS.Timeout | undefined;
  let following: Subscription | undefined;
  /** The change position up to which the client has been told everything. */
  let at = options.since;
  /** Frames of events that happen while a hello is being prepared. Undefined at other times. */
  let early: Buffer[] | undefined;
  let earlyBytes = 0;
  /** True if events were missed while a hello was being prepared, so another hello must follow. */
  let gapInHello = false;
  let isThere = true;
  let account: string | undefined;
  const began = performance.now();

  function letGo(): void {
    if (phase === 'ended') return;
    if (phase !== 'signed in') options.onSignInOver();
    phase = 'ended';
    clearTimeout(timer);
    following?.end();
    early = undefined;
  }

  function end(code: number, reason: string): void {
    if (phase === 'ended') return;
    letGo();
    socket.close(code, reason);
  }

  /** Closes the connection without a close frame, which would only wait behind all other data. */
  function cutOff(why: string): void {
    log.debug({ why }, 'socket cut off');
    letGo();
    socket.terminate();
  }

  function send(frame: Buffer): void {
    if (phase === 'ended') return;
    if (socket.bufferedAmount + frame.byteLength > limits.maxQueuedBytes) return cutOff('too slow');
    socket.send(frame, { binary: false });
  }

  function tell(event: ServerEvent): void {
    const isPassing = event.type === 'progress';
    if (early === undefined) {
      if (!isPassing || socket.bufferedAmount <= limits.maxQueuedBytesForProgress) send(frameOf(event));
      return;
    }
    if (isPassing) return;
    const frame = frameOf(event);
    earlyBytes += frame.byteLength;
    if (earlyBytes > limits.maxQueuedBytes) cutOff('too many events before a hello');
    else early.push(frame);
  }

  function endFor(error: unknown): void {
    if (isAppError(error, 'unauthorized')) return end(socketTokenEnded, 'The token is not valid or has expired.');
    if (!isAppError(error, 'unavailable')) log.error({ err: error }, 'socket failed');
    end(closeCodes.tryAgainLater, 'Try again later.');
  }

  async function begin({ token, identity }: SignedIn): Promise<void> {
    options.onSignInOver();
    phase = 'signed in';
    account = identity.accountId;
    keepWatch(token, identity.expires * 1000);
    early = [];
    following = changes.follow(identity.accountId, tell, () => sayAgain(identity.accountId));
    await following.ready;
    await sayHello(identity.accountId);
  }

  /** Sends a hello with what the client missed: at the start, and whenever this process may have missed events. */
  async function sayHello(owner: string): Promise<void> {
    do {
      gapInHello = false;
      early ??= [];
      const missed = await changes.since(owner, at);
      at = missed.at;
      send(helloFrame(missed, limits.maxHelloBytes));
    } while (gapInHello);
    const frames = early ?? [];
    early = undefined;
    earlyBytes = 0;
    for (const frame of frames) send(frame);
  }

  function sayAgain(owner: string): void {
    if (early === undefined) sayHello(owner).catch(endFor);
    else gapInHello = true;
  }

  /** One timer for the next ping and for the end of the token, whichever comes first. */
  function keepWatch(token: string, expiresAt: number): void {
    clearTimeout(timer);
    const pingMilliseconds = limits.pingSeconds * 1000;
    let pingAt = performance.now() + pingMilliseconds;
    function look(): void {
      if (Date.now() >= expiresAt) return end(socketTokenEnded, 'The token has ended.');
      const lateBy = performance.now() - pingAt;
      if (lateBy >= 0) {
        pingAt = performance.now() + pingMilliseconds;
        // If this process was paused, the client's answer may have arrived but not been read yet.
        if (!isThere && lateBy < pingMilliseconds / 2) return cutOff('no answer to a ping');
        isThere = false;
        socket.ping();
        askAfter(token);
      }
      schedule();
    }
    function schedule(): void {
      timer = setTimeout(look, Math.max(1, Math.min(pingAt - performance.now(), expiresAt - Date.now())));
    }
    schedule();
  }

  /**
   * An account or a session may be removed before its token ends. While auth is unavailable, clients stay signed in.
   */
  function askAfter(token: string): void {
    authentication.identify(token).catch((error: unknown) => {
      if (isAppError(error, 'unauthorized')) end(socketTokenEnded, 'The token has ended.');
      else log.warn({ err: error }, 'could not check a token');
    });
  }

  async function signIn(data: RawData): Promise<void> {
    const message = parseSignIn(data);
    if (message === undefined) return end(closeCodes.notExpected, 'Expected a message that signs in.');
    phase = 'looked at';
    const { token } = message;
    const identity = await authentication.identify(token);
    if (phase !== 'looked at') return;
    at = message.since ?? at;
    await begin({ token, identity });
  }

  socket.on('message', (data, isBinary) => {
    if (phase === 'ended') return;
    if (isBinary) end(closeCodes.notText, 'Expected a text message.');
    else if (phase === 'to sign in') signIn(data).catch(endFor);
    else end(closeCodes.notExpected, 'Expected no further messages.');
  });
  socket.on('pong', () => {
    isThere = true;
  });
  socket.on('error', (error) => {
    // A protocol error of the client, or a broken connection. The socket closes itself afterwards.
    log.debug({ err: error }, 'socket error');
    letGo();
  });
  socket.on('close', (code) => {
    letGo();
    const seconds = Math.round((performance.now() - began) / 1000);
    log.info({ client: options.client, account, code, seconds }, 'socket closed');
  });

  if (options.signedIn === undefined) {
    timer = setTimeout(
      () => end(closeCodes.notExpected, 'The client did not sign in in time.'),
      limits.signInSeconds * 1000,
    );
  } else {
    begin(options.signedIn).catch(endFor);
  }
  return { goAway: () => end(closeCodes.goingAway, 'The server is shutting down.') };
}

function parseSignIn(data: RawData) {
  // By default the library always passes a Buffer.
  if (!Buffer.isBuffer(data)) return undefined;
  try {
    return socketSignInSchema.safeParse(JSON.parse(data.toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
