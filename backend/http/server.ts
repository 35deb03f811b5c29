import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { answerProblem } from './answer-problem.ts';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { badRequest, problemHeaders, shuttingDown, toProblem } from './problem.ts';
import { createRequestsInProgress, type RequestsInProgress } from './requests-in-progress.ts';
import { asksForWebSocket, serveUpgrades } from './upgrade.ts';

export interface ServerOptions {
  /** An address or a host name, without brackets. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The settings that host and port come from, for the sentence that says what is wrong with them. */
  readonly settings?: ListenSettings;
  readonly log: Logger;
  /** How long a client may take to send the head of a request. A body may take any time while it keeps coming. */
  readonly headersSeconds?: number;
  /** How long requests in progress may go on after `close`. */
  readonly graceSeconds?: number;
  /**
   * Whether clients can go on at another server after `close`. Then connections without a request stay open during the grace: a client may be
   * sending its next request, which is refused with 503. Otherwise they are closed at once.
   */
  readonly handsOver?: boolean;
  /** Left out, there is no limit. */
  readonly connections?: ConnectionLimits;
}

export interface ListenSettings {
  readonly host: string;
  readonly port: string;
}

export interface RunningServer {
  /** The server's address, without a slash at the end. */
  readonly url: string;
  /**
   * Takes no more connections, and refuses new requests on those that are open. Resolves when the requests in progress have ended. Those that
   * take longer than the grace are given up: they are answered with 503 if their answers have not begun, and cut off otherwise.
   */
  close(): Promise<void>;
}

/** Serves `app`. Throws `invalid` for a host that this computer does not have, and `unavailable` when it cannot listen there. */
export async function startServer(app: RequestListener, options: ServerOptions): Promise<RunningServer> {
  const { host, port, settings = serverSettings, log, headersSeconds = 20, connections } = options;
  const server = createServer({
    // A large upload takes hours. `readBody` gives up one that stops.
    requestTimeout: 0,
    headersTimeout: headersSeconds * 1000,
    connectionsCheckingInterval: headersSeconds * 250,
    shouldUpgradeCallback: asksForWebSocket,
    // The app checks it, so that the refusal is a problem like any other.
    requireHostHeader: false,
  });
  if (connections !== undefined) limitConnections(server, connections);
  const latest = new WeakMap<Duplex, ServerResponse>();
  const requests = createRequestsInProgress();
  let closed: Promise<void> | undefined;
  function take(request: IncomingMessage, response: ServerResponse): void {
    if (closed === undefined) return app(request, response);
    response.shouldKeepAlive = false;
    answerProblem(request, response, toProblem(shuttingDown()));
  }
  server.on('request', (request, response) => {
    latest.set(request.socket, response);
    requests.add(response, true);
    take(request, response);
  });
  const cutOffTaken = serveUpgrades(server, (request, response) => {
    requests.add(response, false);
    take(request, response);
  });
  server.on('upgrade', (request) => latest.delete(request.socket));
  // The app sends `100 Continue` itself, once it knows that it wants the body: a client without a token never sends its gigabytes.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  // A server may ignore expectations that it does not know (RFC 9110, section 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Node would close the connection without an answer. Without a listener, an error of the socket would end the process.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => undefined).end(rawProblem(new AppError('bad_request', 'This server is not a proxy.')));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    log.debug({ err: error }, 'could not parse a request');
    refuseUnreadable(error, socket, latest.get(socket));
  });

  await listen(server, host, port, settings);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${urlHost(host)}:${address.port}`,
    close: () => (closed ??= close(server, requests, cutOffTaken, options)),
  };
}

const serverSettings: ListenSettings = { host: 'HOST (--host)', port: 'PORT (--port)' };

async function listen(server: Server, host: string, port: number, settings: ListenSettings): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, () => {
    server.off('error', reject);
    resolve();
  });
  try {
    await promise;
  } catch (error) {
    throw cannotListen(error, host, port, settings);
  }
}

function cannotListen(cause: unknown, host: string, port: number, settings: ListenSettings): AppError {
  switch (systemErrorCode(cause)) {
    case 'EADDRINUSE':
      return new AppError('unavailable', `Port ${port} is taken by another program: set ${settings.port} to another.`, {
        cause,
      });
    case 'EACCES':
      return new AppError('unavailable', `Port ${port} is reserved for the system: set ${settings.port} to another.`, {
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AppError('invalid', `${settings.host} must be an address of this computer, and ${host} is not one.`, {
        cause,
      });
    default:
      return new AppError(
        'unavailable',
        `${host} cannot be listened on: check ${settings.host} and ${settings.port}.`,
        {
          cause,
        },
      );
  }
}

/** How long the answers to requests that were given up may take to reach their clients, and the server to undo what it has begun. */
const giveUpSeconds = 1;

async function close(
  server: Server,
  requests: RequestsInProgress,
  cutOffTaken: () => void,
  { graceSeconds = 5, handsOver = false }: Pick<ServerOptions, 'graceSeconds' | 'handsOver'>,
): Promise<void> {
  requests.closeAfterAnswers();
  // When a server stops listening, the system resets the connections that it has not accepted yet. This lets it accept them first.
  await setImmediate();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  // The HTTP server's own method also closes all connections without a request.
  NetServer.prototype.close.call(server, () => end());
  let mayClose = !handsOver;
  // A kept-alive connection becomes idle once its request is answered. Node does not close it then.
  const closeIdle = (): void => void (mayClose && server.closeIdleConnections());
  closeIdle();
  const sweep = setInterval(closeIdle, 50);
  const late = setTimeout(() => {
    mayClose = true;
    closeIdle();
    requests.giveUp(shuttingDown());
    // Upgraded connections do not belong to the HTTP server any more.
    cutOffTaken();
  }, graceSeconds * 1000);
  const enough = setTimeout(() => server.closeAllConnections(), (graceSeconds + giveUpSeconds) * 1000);
  await ended;
  clearInterval(sweep);
  clearTimeout(late);
  clearTimeout(enough);
  const done = new AbortController();
  const tooLong = delay(giveUpSeconds * 1000, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([requests.handled(), tooLong]);
  done.abort();
}

/** The host for a URL. Clients cannot connect to an address that means all interfaces, but this computer is among them. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex, response: ServerResponse | undefined): void {
  const mayAnswer =
    response === undefined || response.writableFinished || (!response.headersSent && response.socket === socket);
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
  else if (mayAnswer) socket.end(rawProblem(reasonOf(error)));
  // An answer has begun: send what was written of it.
  else if (socket instanceof Socket) socket.destroySoon();
  else socket.destroy();
}

function reasonOf(error: NodeJS.ErrnoException): AppError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers_too_large', 'The headers are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout', 'The request took too long to arrive.');
    default:
      return badRequest(error);
  }
}

/** The whole answer as text: Node makes no response object for a request that it could not parse. */
function rawProblem(error: AppError): string {
  const problem = toProblem(error);
  const body = JSON.stringify(problem);
  const headers = {
    ...problemHeaders(problem),
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
