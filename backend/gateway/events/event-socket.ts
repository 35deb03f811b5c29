import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { isAppError } from '../../../shared/errors.ts';
import { type ServerEvent, socketSignInSchema, socketTokenEnded } from '../../../shared/events.ts';
import type { OwnedChanges } from '../../conversions/owned-changes.ts';
import type { Authentication, Identity } from '../../http/authentication.ts';
import type { Subscription } from '../../ports/event-bus.ts';
import { frameOf, helloFrame } from './event-frames.ts';
import type { SocketLimits } from './socket-limits.ts';

/** RFC 6455, section 7.4.1, and the registry of its codes at IANA. */
const closeCodes = { goingAway: 1001, notText: 1003, notExpected: 1008, tryAgainLater: 1013 } as const;

export interface EventSocketParts {
  readonly changes: OwnedChanges;
  readonly authentication: Pick<Authentication, 'identify'>;
  readonly limits: SocketLimits;
  readonly log: Logger;
}

/** A token that was looked at. */
export interface SignedIn {
  readonly token: string;
  readonly identity: Identity;
}

export interface EventSocketOptions {
  /** Left out where the client is to say in its first message who it is. */
  readonly signedIn?: SignedIn;
  readonly since?: string;
  /** Who asks, as far as an address tells. */
  readonly client: string;
  /** Called once the client has signed in, or has gone before it did. */
  readonly onSignInOver: () => void;
}

/** One client that listens. */
export interface EventSocket {
  /** Says that the server goes away. The socket is closed after a while, whatever the client does. */
  goAway(): void;
}

/**
 * Carries one account's events to one client, until the client goes, its token ends or the server goes away. A client says nothing
 * but, once and where it could not set a header, who it is: whatever else comes ends the socket.
 */
export function carryEvents(socket: WebSocket, options: EventSocketOptions, parts: EventSocketParts): EventSocket {
  const { changes, authentication, limits, log } = parts;
  let phase: 'to sign in' | 'looked at' | 'signed in' | 'ended' = 'to sign in';
  let timer: NodeJS.Timeout | undefined;
  let following: Subscription | undefined;
  /** The position up to which the client has been told all. */
  let at = options.since;
  /** What happens while a hello is being made; undefined while none is. */
  let early: Buffer[] | undefined;
  let earlyBytes = 0;
  /** Events were missed while a hello was being made, so that it needs another one after it. */
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

  /** Without a word, which would only wait behind all the rest. */
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
    if (earlyBytes > limits.maxQueuedBytes) cutOff('too much happened before a hello');
    else early.push(frame);
  }

  function endFor(error: unknown): void {
    if (isAppError(error, 'unauthorized')) return end(socketTokenEnded, 'The token is bad, or has ended.');
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

  /** Tells the client what it missed: at its beginning, and whenever this process itself may have missed something. */
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

  /** One timer for both: the next ping, and the token's end where that comes first. */
  function keepWatch(token: string, expiresAt: number): void {
    clearTimeout(timer);
    const pingMilliseconds = limits.pingSeconds * 1000;
    let pingAt = performance.now() + pingMilliseconds;
    function look(): void {
      if (Date.now() >= expiresAt) return end(socketTokenEnded, 'The token has ended.');
      const lateBy = performance.now() - pingAt;
      if (lateBy >= 0) {
        pingAt = performance.now() + pingMilliseconds;
        // Where this process itself was stopped, the answer may have come and not been read yet.
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

  /** An account may go, or a session, before its token ends. While auth is away, those that are signed in stay so. */
  function askAfter(token: string): void {
    authentication.identify(token).catch((error: unknown) => {
      if (isAppError(error, 'unauthorized')) end(socketTokenEnded, 'The token has ended.');
      else log.warn({ err: error }, 'could not ask after a token');
    });
  }

  async function signIn(data: RawData): Promise<void> {
    const message = parseSignIn(data);
    if (message === undefined) return end(closeCodes.notExpected, 'A message that signs in is expected.');
    phase = 'looked at';
    const { token } = message;
    const identity = await authentication.identify(token);
    if (phase !== 'looked at') return;
    at = message.since ?? at;
    await begin({ token, identity });
  }

  socket.on('message', (data, isBinary) => {
    if (phase === 'ended') return;
    if (isBinary) end(closeCodes.notText, 'Text is expected.');
    else if (phase === 'to sign in') signIn(data).catch(endFor);
    else end(closeCodes.notExpected, 'Nothing more is to be sent here.');
  });
  socket.on('pong', () => {
    isThere = true;
  });
  socket.on('error', (error) => {
    // What the client did wrong, or that the line broke: the socket ends by itself after it.
    log.debug({ err: error }, 'socket broke');
    letGo();
  });
  socket.on('close', (code) => {
    letGo();
    const seconds = Math.round((performance.now() - began) / 1000);
    log.info({ client: options.client, account, code, seconds }, 'socket closed');
  });

  if (options.signedIn === undefined) {
    timer = setTimeout(() => end(closeCodes.notExpected, 'Nobody signed in in time.'), limits.signInSeconds * 1000);
  } else {
    begin(options.signedIn).catch(endFor);
  }
  return { goAway: () => end(closeCodes.goingAway, 'The server goes away.') };
}

function parseSignIn(data: RawData) {
  // What the library gives unless it was told otherwise.
  if (!Buffer.isBuffer(data)) return undefined;
  try {
    return socketSignInSchema.safeParse(JSON.parse(data.toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
