import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { badRequest, problemHeaders, toProblem } from './problem.ts';
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
  /** How long open requests may go on after `close`. */
  readonly graceSeconds?: number;
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
  /** Stops taking requests. Resolves when open ones have ended; those that take longer than the grace are cut off. */
  close(): Promise<void>;
}

/** Serves `app`. Throws `invalid` for a host that this computer does not have, and `unavailable` when it cannot listen there. */
export async function startServer(app: RequestListener, options: ServerOptions): Promise<RunningServer> {
  const { host, port, settings = serverSettings, log, headersSeconds = 20, graceSeconds = 5, connections } = options;
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
  server.on('request', (request, response) => {
    latest.set(request.socket, response);
  });
  server.on('request', app);
  const cutOffTaken = serveUpgrades(server, app);
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
  return { url: `http://${urlHost(host)}:${address.port}`, close: () => close(server, graceSeconds, cutOffTaken) };
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

async function close(server: Server, graceSeconds: number, cutOffTaken: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  // A kept-alive connection becomes idle once its request is answered. Node does not close it then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const enough = setTimeout(() => {
    server.closeAllConnections();
    // Upgraded connections do not belong to the HTTP server any more.
    cutOffTaken();
  }, graceSeconds * 1000);
  await promise;
  clearInterval(sweep);
  clearTimeout(enough);
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
