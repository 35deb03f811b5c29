import { WebSocket } from 'ws';
import { type Hello, type SocketFrame, socketFrameSchema } from '../../../shared/events.ts';
import { type Patience, waitUntil } from './wait-until.ts';

/** How a socket ended, as seen by its client. */
export interface SocketEnd {
  /** 1006 if there was no close frame. */
  readonly code: number;
  readonly reason: string;
}

/** A client of `/api/v1/events`. Every frame is checked against the schema; an invalid one closes the socket. */
export interface EventClient extends AsyncDisposable {
  /** All frames so far. */
  readonly frames: readonly SocketFrame[];
  readonly socket: WebSocket;
  /** The first frame. Rejects if the socket ends before it. */
  readonly hello: Promise<Hello>;
  readonly ended: Promise<SocketEnd>;
  /** Waits until `accepts` finds what it needs among all frames. */
  until<Found>(
    what: string,
    accepts: (frames: readonly SocketFrame[]) => Found | undefined | false,
    patience?: Patience,
  ): Promise<Found>;
}

export interface EventClientOptions {
  /** Sent in `Authorization`, or in the first message if `inMessage` is true. If left out, nothing is sent. */
  readonly token?: string;
  readonly inMessage?: boolean;
  readonly since?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `url` is the server's, without a trailing slash. Rejects with the status if the server refuses. */
export async function openEvents(url: string, options: EventClientOptions = {}): Promise<EventClient> {
  const { token, inMessage = false, since, headers = {} } = options;
  const query = since === undefined || inMessage ? '' : `?since=${encodeURIComponent(since)}`;
  const authorization = token === undefined || inMessage ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/events${query}`, {
    headers: { ...headers, ...authorization },
    perMessageDeflate: false,
  });
  const frames: SocketFrame[] = [];
  const { promise: hello, resolve: greet, reject: miss } = Promise.withResolvers<Hello>();
  const { promise: ended, resolve: end } = Promise.withResolvers<SocketEnd>();
  // A test that does not wait for the hello must not fail because of it.
  hello.catch(() => undefined);
  let wrong: Error | undefined;
  socket.on('message', (data) => {
    try {
      const frame = socketFrameSchema.parse(JSON.parse(data.toString()));
      if (frames.length === 0 && frame.type !== 'hello') throw new Error(`unexpected first frame: ${data.toString()}`);
      frames.push(frame);
      if (frame.type === 'hello') greet(frame);
    } catch (error) {
      wrong = new Error(`not a frame: ${data.toString()}`, { cause: error });
      socket.terminate();
    }
  });
  socket.on('close', (code, reason) => {
    miss(wrong ?? new Error(`ended with ${code}: ${reason.toString()}`));
    end({ code, reason: reason.toString() });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve).once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      reject(new Error(`${response.statusCode} instead of a WebSocket`));
      response.destroy();
    });
  });
  socket.on('error', () => undefined);
  if (token !== undefined && inMessage) {
    socket.send(JSON.stringify({ type: 'auth', token, ...(since === undefined ? {} : { since }) }));
  }
  return {
    frames,
    socket,
    hello,
    ended,
    until: (what, accepts, patience) =>
      waitUntil(
        what,
        () => {
          if (wrong !== undefined) throw wrong;
          return accepts(frames);
        },
        { everyMilliseconds: 5, ...patience },
      ),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await ended;
    },
  };
}
