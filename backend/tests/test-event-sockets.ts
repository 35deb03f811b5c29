import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';
import { AppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { eventRoutes } from '../gateway/events/event-routes.ts';
import { createEventSockets } from '../gateway/events/event-sockets.ts';
import { type SocketLimits, socketLimits } from '../gateway/events/socket-limits.ts';
import { createApp } from '../http/app.ts';
import type { Identity } from '../http/authentication.ts';
import { countOpen } from '../http/open-count.ts';
import { startServer } from '../http/server.ts';
import { makeTestConversions, type TestConversions, type TestConversionsOptions } from './test-conversions.ts';

/** Only the WebSocket, over real stores, with invented accounts. */
export interface TestEventSockets extends AsyncDisposable {
  readonly url: string;
  readonly test: TestConversions;
  /** The log lines of the sockets that were closed. */
  closed(): readonly { readonly code: number; readonly account?: string | undefined }[];
  /** Makes a token of the account that expires after `seconds`. */
  token(account: string, seconds?: number): string;
  /** Makes a token invalid before it expires. */
  revoke(token: string): void;
  /** How often a token was checked. */
  readonly asked: { count: number };
  /** While `isAway` is true, auth cannot be reached. */
  readonly auth: { isAway: boolean };
  publish(owner: string, event: ServerEvent): Promise<void>;
  /** The bytes that wait in this process for the slowest client. */
  queuedBytes(): number;
  /** Closes the sockets and the server, as a shutdown does. */
  close(): Promise<void>;
}

const closedLineSchema = z.object({ msg: z.literal('socket closed'), code: z.int(), account: z.string().optional() });

export async function startTestEventSockets(
  limits: Partial<SocketLimits> = {},
  options: TestConversionsOptions = {},
): Promise<TestEventSockets> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await makeTestConversions(options));
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  /** The accounts of the tokens, and when these expire, by `performance.now()`. */
  const tokens = new Map<string, { readonly account: string; readonly endsAt: number }>();
  const asked = { count: 0 };
  const auth = { isAway: false };
  const authentication = {
    async identify(token: string): Promise<Identity> {
      asked.count += 1;
      if (auth.isAway) throw new AppError('unavailable', 'Auth cannot be reached.');
      const { account = '', endsAt = 0 } = tokens.get(token) ?? {};
      const secondsLeft = (endsAt - performance.now()) / 1000;
      if (secondsLeft <= 0) throw new AppError('unauthorized', 'Sign in again.');
      return { accountId: account, email: `${account}@example.com`, admin: false, sessionId: token, secondsLeft };
    },
  };
  const sockets = createEventSockets({
    changes: test.conversions.changes,
    events: test.events,
    authentication,
    limits: { ...socketLimits, ...limits },
    openSockets: [countOpen({ perAccount: 50, perClient: 1000, inAll: 1000 }, 30)],
    log,
  });
  const app = createApp({
    routes: eventRoutes({ authentication, sockets }),
    authentication,
    hosts: { loopback: true },
    trustedProxies: [],
    log,
  });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.5 });
  opened.defer(() => server.close());
  opened.defer(() => sockets.close());
  const port = Number(new URL(server.url).port);

  const connections = new Set<Socket>();
  const notice = (message: unknown): void => {
    // The message of Node's channel: https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#net
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort === port) connections.add(socket);
  };
  subscribe('net.server.socket', notice);
  opened.defer(() => void unsubscribe('net.server.socket', notice));
  const kept = opened.move();

  return {
    url: server.url,
    test,
    asked,
    auth,
    closed: () => logged.flatMap((line) => closedLineSchema.safeParse(JSON.parse(line)).data ?? []),
    token(account, seconds = 3600) {
      const token = `token-${tokens.size}`;
      tokens.set(token, { account, endsAt: performance.now() + seconds * 1000 });
      return token;
    },
    revoke: (token) => void tokens.delete(token),
    async publish(owner, event) {
      test.events.publish({ owner, event });
      // The bus delivers in its own turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
    queuedBytes: () => Math.max(0, ...[...connections].map(({ writableLength }) => writableLength)),
    async close() {
      await sockets.close();
      await server.close();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
