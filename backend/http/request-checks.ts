import type { IncomingMessage } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** Which names the server answers to. */
export interface HostPolicy {
  /**
   * True when only this computer can reach the server. Then a page from elsewhere that has its name point here (DNS rebinding)
   * must be kept out, so that only this computer's own names are taken, and `publicUrl`'s.
   */
  readonly loopback: boolean;
  /** The address that people use, where it is not the one that is listened on. */
  readonly publicUrl?: string;
}

/** Host name and port of a request, both as a URL writes them. */
interface Target {
  readonly name: string;
  readonly port: string;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses what two servers in a row could read in two ways, and which Node lets through (seen with 24): more or less than one
 * `Host`, a `Transfer-Encoding` that is not exactly `chunked`, a target that is not a path. Throws `bad_request`.
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

/** Throws `forbidden` for a host that is not ours, and for a page of another origin. */
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

/** A page of ours has the host it asks, or the public one; on this computer one name is as good as another, the port counts. */
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

/** `hostHeader` is given where the URL was made of one: it must be a host, with or without a port, and nothing more. */
function targetOf(url: string, hostHeader?: string): Target | undefined {
  if (hostHeader !== undefined && !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/.test(hostHeader))
    return undefined;
  const parsed = URL.parse(url);
  return parsed === null ? undefined : { name: parsed.hostname, port: parsed.port };
}

function valuesOf(request: IncomingMessage, name: string): readonly string[] {
  return request.headersDistinct[name] ?? [];
}
