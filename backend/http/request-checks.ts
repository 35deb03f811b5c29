import type { IncomingMessage } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** The host names that the server answers to. */
export interface HostPolicy {
  /**
   * True when only this computer can reach the server. The server then accepts only this computer's own names and that of `publicUrl`:
   * a web page could have its name point here (DNS rebinding).
   */
  readonly loopback: boolean;
  /** The address that people use, if the server listens on another. */
  readonly publicUrl?: string | undefined;
}

/** Host name and port, as `URL` writes them. */
interface Target {
  readonly name: string;
  readonly port: string;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests that a proxy and this server could read differently, and that Node 24 accepts: more or fewer than one `Host`, a
 * `Transfer-Encoding` other than exactly `chunked`, a target that is not a path. Throws `bad_request`.
 */
export function checkFraming(request: IncomingMessage): void {
  const hosts = valuesOf(request, 'host');
  if (hosts.length !== 1) throw new AppError('bad_request', 'Exactly one Host header is expected.');
  const encodings = valuesOf(request, 'transfer-encoding');
  if (encodings.some((encoding) => encoding.toLowerCase() !== 'chunked')) {
    throw new AppError('bad_request', 'The only transfer encoding that is taken is chunked.');
  }
  if (!request.url?.startsWith('/')) throw new AppError('bad_request', 'The request must name a path.');
}

/** Throws `forbidden` for a host name that is not ours, and for pages of another origin. */
export function checkHostAndOrigin(request: IncomingMessage, { loopback, publicUrl }: HostPolicy): void {
  const host = request.headers.host ?? '';
  const target = targetOf(`http://${host}`, host);
  const known = publicUrl === undefined ? undefined : targetOf(publicUrl);
  if (target === undefined) throw new AppError('bad_request', 'The Host header cannot be understood.');
  if (loopback && !loopbackNames.has(target.name) && target.name !== known?.name) {
    throw new AppError('forbidden', 'This server does not answer to that host name.');
  }
  const { origin } = request.headers;
  if (origin !== undefined && !isOwnOrigin(origin, target, known)) {
    throw new AppError('forbidden', 'This server does not answer to pages from elsewhere.');
  }
}

/** True for the host and port of the request, or of `publicUrl`. All names of this computer are the same host. */
function isOwnOrigin(origin: string, target: Target, known: Target | undefined): boolean {
  const from = /^https?:\/\//.test(origin) ? targetOf(origin) : undefined;
  if (from === undefined) return false;
  if (known !== undefined && isSame(from, known)) return true;
  const asked = targetOf(`${origin.split(':', 1)[0]}://${target.name}${target.port && `:${target.port}`}`) ?? target;
  const bothHere = loopbackNames.has(from.name) && loopbackNames.has(asked.name);
  return from.port === asked.port && (bothHere || from.name === asked.name);
}

function isSame(one: Target, other: Target): boolean {
  return one.name === other.name && one.port === other.port;
}

/** `hostHeader` is the header that the URL was made from, if any: it must be a host with or without a port, and nothing else. */
function targetOf(url: string, hostHeader?: string): Target | undefined {
  if (hostHeader !== undefined && !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/.test(hostHeader))
    return undefined;
  const parsed = URL.parse(url);
  return parsed === null ? undefined : { name: parsed.hostname, port: parsed.port };
}

function valuesOf(request: IncomingMessage, name: string): readonly string[] {
  return request.headersDistinct[name] ?? [];
}
