import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import { type OpenLimits, openLimits } from '../client-limits.ts';
import type { Config } from '../config.ts';
import { answerProblem } from '../http/answer-problem.ts';
import { toProblem } from '../http/problem.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { descriptorLimit } from './descriptor-limit.ts';

export interface GatewayListenerOptions {
  readonly log: Logger;
  /** How many conversions this process may run besides. */
  readonly places: number;
  /** Whether clients can go on at another gateway when this one stops. */
  readonly handsOver: boolean;
}

/** The server of a gateway. It is closed as a server is. */
export interface GatewayListener extends RunningServer, AsyncDisposable {
  readonly limits: OpenLimits;
  /** Lets `app` answer the requests from now on. */
  serve(app: RequestListener): void;
}

/**
 * Listens on the host and port of the settings. Until it serves an app, it answers 503 to everything but `GET /healthz`: a gateway
 * that waits for its database is alive, and its clients hear when to come again. Throws `invalid` for a host that this computer does not
 * have, and `unavailable` when it cannot listen there.
 */
export async function startGatewayListener(
  { host, port, trustedProxies }: Pick<Config, 'host' | 'port' | 'trustedProxies'>,
  { log, places, handsOver }: GatewayListenerOptions,
): Promise<GatewayListener> {
  const limits = openLimits(descriptorLimit(), places);
  let answer: RequestListener = answerBeforeReady;
  const server = await startServer((request, response) => answer(request, response), {
    host,
    port,
    log,
    handsOver,
    connections: { ...limits.connections, trustedProxies },
  });
  return {
    ...server,
    limits,
    serve(app) {
      answer = app;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function answerBeforeReady(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD')) {
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('ok\n');
    return;
  }
  const error = new AppError('unavailable', 'The server is starting, and waits for what it needs.');
  answerProblem(request, response, toProblem(error));
}
