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
import { startServer } from '../http/server.ts';
import { makeTestConversions, type TestConversions, type TestConversionsOptions } from './test-conversions.ts';

/** The WebSocket alone, over real stores and with accounts that the test makes up. */
export interface TestEventSockets extends AsyncDisposable {
  readonly url: string;
  readonly test: TestConversions;
  /** What was logged of each socket that was closed. */
  closed(): readonly { readonly code: number; readonly account?: string | undefined }[];
  /** A token of the account's that ends by itself after so many seconds. */
  token(account: string, seconds?: number): string;
  /** Ends it before its time. */
  revoke(token: string): void;
  /** How often a token was asked after. */
  readonly asked: { count: number };
  /** Set while auth cannot be reached. */
  readonly auth: { isAway: boolean };
  publish(owner: string, event: ServerEvent): Promise<void>;
  /** How many bytes wait in this process for a client to take them: the most of all connections. */
  queuedBytes(): number;
  /** Tells the sockets that the server goes away, and closes it. */
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
  const identities = new Map<string, Identity>();
  const asked = { count: 0 };
  const auth = { isAway: false };
  const authentication = {
    async identify(token: string): Promise<Identity> {
      asked.count += 1;
      if (auth.isAway) throw new AppError('unavailable', 'Nobody can be asked.');
      const identity = identities.get(token);
      if (identity === undefined || identity.expires * 1000 <= Date.now()) {
        throw new AppError('unauthorized', 'Sign in again.');
      }
      return identity;
    },
  };
  const sockets = createEventSockets({
    changes: test.conversions.changes,
    authentication,
    limits: { ...socketLimits, ...limits },
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
    // What Node's channel carries: https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#net
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
      const token = `token-${identities.size}`;
      const expires = Date.now() / 1000 + seconds;
      const email = `${account}@example.com`;
      identities.set(token, { accountId: account, email, admin: false, sessionId: token, expires });
      return token;
    },
    revoke: (token) => void identities.delete(token),
    async publish(owner, event) {
      test.events.publish({ owner, event });
      // The bus tells it in a turn of its own.
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
