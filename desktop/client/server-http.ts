import { ClientRequest } from 'node:http';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import { problemSchema, type ServerInfo, serverInfoSchema } from '../../shared/api.ts';
import { AppError, type ErrorCode, isAppError, systemErrorCode, toKnownError } from '../../shared/errors.ts';
import { withoutTrailing } from '../../shared/without-trailing.ts';
import { sayShared } from '../../shared/words/say.ts';
import { parseJson } from './parse-json.ts';

/** A request to a server. `path` is absolute: `/api/v1/me`. */
export interface ServerRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Resolves with the body as a Node stream instead of reading it. */
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
}

/** Sends requests to one server and translates its errors to `AppError`. */
export interface ServerHttp {
  /** Without a slash at the end. */
  readonly url: string;
  /** The name to show to people: `sound.example.org`. */
  readonly host: string;
  /**
   * Resolves with an answer of status 200–299. Throws the error that the server gave, `unavailable` if it cannot be reached or is not a
   * Soundlift server, or the signal's reason.
   */
  ask(request: ServerRequest): Promise<AxiosResponse<unknown>>;
}

/** How long a JSON answer, or the first byte of a stream, may take. */
const answerSeconds = 30;
/** A page of 100 conversions has some tens of kilobytes. */
const maxAnswerBytes = 16 * 1024 * 1024;
/** The error codes of a connection that the other end has closed. */
const closedCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);
/** More connections than are ever open at once. */
const maxKeptConnections = 100;

/** Throws `invalid` if `address` is not an http or https address. */
export function createServerHttp(address: string): ServerHttp {
  const { url, host } = parseServerAddress(address);
  const client = axios.create({
    baseURL: url,
    // A redirect would send the token or the password to another server.
    maxRedirects: 0,
    // Uploads and the WebSocket do not use a proxy, so using one only here would not help.
    proxy: false,
    maxContentLength: maxAnswerBytes,
    validateStatus: () => true,
    // A body that is not JSON stays text. The schema check refuses it.
    transitional: { silentJSONParsing: true },
  });

  return {
    url,
    host,
    async ask({ method, path, body, headers = {}, stream = false, signal }) {
      const config: AxiosRequestConfig = {
        method,
        url: path,
        headers: { ...headers },
        ...(body === undefined ? {} : { data: body }),
        ...(signal === undefined ? {} : { signal }),
        timeout: answerSeconds * 1000,
        ...(stream ? { responseType: 'stream', maxContentLength: -1 } : {}),
      };
      let answer: AxiosResponse<unknown>;
      try {
        answer = await onLivingConnection(() => client.request(config), signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw unreachable(host, error);
      }
      if (answer.status >= 200 && answer.status < 300) return answer;
      throw refusal(host, answer.status, stream ? await readSmall(answer.data) : answer.data);
    },
  };
}

/** Asks for the limits of a server, which need no sign-in. Throws as `ServerHttp.ask` does. */
export async function askServerInfo(http: ServerHttp): Promise<ServerInfo> {
  const { data } = await http.ask({ method: 'GET', path: '/api/v1/server' });
  return readAnswer(http.host, serverInfoSchema, data);
}

/** The address of a server. */
export interface ServerAddress {
  /** The form that is stored and compared, without a slash at the end. */
  readonly url: string;
  readonly host: string;
  /** Whether others on the network can read the traffic: http to another computer. */
  readonly readable: boolean;
}

/** The scheme defaults to https, and to http for this computer. Throws `invalid`. */
export function parseServerAddress(address: string): ServerAddress {
  const parsed = URL.parse(withScheme(address));
  if (
    parsed === null ||
    !['http:', 'https:'].includes(parsed.protocol) ||
    parsed.username !== '' ||
    parsed.password !== '' ||
    parsed.search !== '' ||
    parsed.hash !== ''
  ) {
    throw new AppError('invalid', sayShared('failServerAddress'));
  }
  const readable = parsed.protocol === 'http:' && !isLoopback(parsed);
  return { url: `${parsed.origin}${withoutTrailing(parsed.pathname, '/')}`, host: parsed.host, readable };
}

function withScheme(address: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return address;
  const plain = `http://${address}`;
  return isLoopback(URL.parse(plain)) ? plain : `https://${address}`;
}

function isLoopback(url: URL | null): boolean {
  return url !== null && /^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(url.hostname);
}

/** The error for a refusing answer: the server's own, or one by the status if the body has none. */
export function refusal(host: string, status: number, body: unknown): AppError {
  const problem = problemSchema.safeParse(typeof body === 'string' ? parseJson(body) : body);
  if (problem.success) {
    const { code, detail: message, details } = problem.data;
    const error = toKnownError({ code, message, details });
    const byStatus = error.code === 'unknown' ? codesOfStatus[status] : undefined;
    return byStatus === undefined ? error : toKnownError({ code: byStatus, message, details });
  }
  if (status === 413)
    return new AppError('too_large', sayShared('failProxyLimit', { host }), { cause: new ProxyLimitError() });
  // The answer of a proxy whose server is down.
  if (status >= 502 && status <= 504) return new AppError('unavailable', sayShared('failProxy', { host }));
  if (status >= 300 && status < 400) {
    return new AppError('unavailable', sayShared('failRedirect', { host }));
  }
  return notSoundlift(host);
}

/** The size of a single request was refused by something on the way to the server. */
class ProxyLimitError extends Error {}

/** Whether a proxy before the server has refused a request for its size. The server's own limit is for the whole video. */
export function isProxyLimit(error: unknown): boolean {
  return isAppError(error, 'too_large') && error.cause instanceof ProxyLimitError;
}

/** Parses an answer. Throws `unavailable` if it does not fit `schema`: then it is not from a Soundlift server. */
export function readAnswer<Schema extends z.ZodType>(host: string, schema: Schema, data: unknown): z.output<Schema> {
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw notSoundlift(host, parsed.error);
  return parsed.data;
}

/** The error for an answer that no Soundlift server gives. */
export function notSoundlift(host: string, cause?: unknown): AppError {
  return new AppError('unavailable', sayShared('failNotSoundlift', { host }), {
    cause: new ServerTroubleError('not an answer of a Soundlift server', '', cause),
  });
}

/** Repeats a request that failed only because the server had closed a kept-alive connection. */
async function onLivingConnection<Answer>(request: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  for (let kept = 0; ; kept += 1) {
    try {
      return await request();
    } catch (error) {
      if (kept >= maxKeptConnections || signal?.aborted || !wasClosedBefore(error)) throw error;
    }
  }
}

function wasClosedBefore(error: unknown): boolean {
  if (!axios.isAxiosError(error) || !closedCodes.has(error.code ?? '')) return false;
  const request: unknown = error.request;
  return request instanceof ClientRequest && request.reusedSocket;
}

/** An `unavailable` error that says why a server could not be reached, from the system's error. */
export function unreachable(host: string, error: unknown): AppError {
  const code = systemErrorCode(error) ?? '';
  const words = unreachableWords(host, code);
  if (!axios.isAxiosError(error)) return new AppError('unavailable', words, { cause: error });
  // The axios error is not kept as the cause: it contains the request headers, and so the token.
  return new AppError('unavailable', words, { cause: new ServerTroubleError(`${code} ${error.message}`.trim(), code) });
}

/** Why a server is `unavailable`, for callers that write their own sentence. */
export type ServerTrouble =
  /** `code` is Node's code for what is wrong with the certificate. */
  | { readonly kind: 'certificate'; readonly code: string }
  | { readonly kind: 'not_soundlift' }
  | { readonly kind: 'unreachable' };

class ServerTroubleError extends Error {
  /** Node's error code. Empty if the answer is not from a Soundlift server. */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Undefined if the error has another cause. */
export function serverTroubleOf(error: AppError): ServerTrouble | undefined {
  if (!(error.cause instanceof ServerTroubleError)) return undefined;
  const { code } = error.cause;
  if (isCertificateCode(code)) return { kind: 'certificate', code };
  return { kind: code === '' || isForeignCode(code) ? 'not_soundlift' : 'unreachable' };
}

function isCertificateCode(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
}

/** The other end speaks a different protocol. */
function isForeignCode(code: string): boolean {
  return /^(EPROTO|HPE_|ERR_BAD_RESPONSE)/.test(code);
}

function unreachableWords(host: string, code: string): string {
  if (isCertificateCode(code)) {
    return sayShared('failCertificate', { host, code });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return sayShared('failNoServer', { host });
  if (code === 'ECONNREFUSED') return sayShared('failConnectionRefused', { host });
  if (isForeignCode(code)) return notSoundlift(host).message;
  return sayShared('failNotResponding', { host });
}

/** For a problem code that this version does not know: the code by status, which tells the client to sign in again or to retry later. */
const codesOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  429: 'too_many',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** Reads a problem. A body over 64 KiB is not one and gives an empty string. */
async function readSmall(stream: unknown): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  if (!isAsyncIterable(stream)) return '';
  try {
    for await (const piece of stream) {
      if (!(piece instanceof Uint8Array)) break;
      bytes += piece.byteLength;
      if (bytes > 64 * 1024) return '';
      pieces.push(Buffer.from(piece));
    }
  } catch {
    return '';
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
