import { ClientRequest } from 'node:http';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import { problemSchema, type ServerInfo, serverInfoSchema } from '../../shared/api.ts';
import { AppError, type ErrorCode, systemErrorCode, toKnownError } from '../../shared/errors.ts';
import { parseJson } from './parse-json.ts';

/** A request to a server, whose `url` is a path: `/api/v1/me`. */
export interface ServerRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives the answer's body as it comes in, as a stream of Node's. */
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
}

/** Asks one server, and says in our words what goes wrong. */
export interface ServerHttp {
  /** Without a slash at its end. */
  readonly url: string;
  /** What people call it: `sound.example.org`. */
  readonly host: string;
  /**
   * Resolves with an answer of 200 to 299. Throws what the server's problem says; `unavailable` where it cannot be reached, or does not answer
   * like a Soundlift server; and the signal's reason.
   */
  ask(request: ServerRequest): Promise<AxiosResponse<unknown>>;
}

/** Of an answer in JSON, or its first byte. */
const answerSeconds = 30;
/** A page of a hundred conversions has some tens of kilobytes. */
const maxAnswerBytes = 16 * 1024 * 1024;
/** What a connection says that was closed at its other end. */
const closedCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);
/** More than were ever open at once. */
const maxKeptConnections = 100;

/** Throws `invalid` for what is no http address. */
export function createServerHttp(address: string): ServerHttp {
  const { url, host } = parseServerAddress(address);
  const client = axios.create({
    baseURL: url,
    // A redirect would take the token, or the password, to wherever it leads.
    maxRedirects: 0,
    // Uploads and the WebSocket know of none: one that only some requests can take helps nobody.
    proxy: false,
    maxContentLength: maxAnswerBytes,
    validateStatus: () => true,
    // What is no JSON stays text: it is looked at where the answer is judged.
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

/** What the server takes, as it tells anyone. Throws as `ServerHttp.ask` does. */
export async function askServerInfo(http: ServerHttp): Promise<ServerInfo> {
  const { data } = await http.ask({ method: 'GET', path: '/api/v1/server' });
  return readAnswer(http.host, serverInfoSchema, data);
}

/** Where a server is. */
export interface ServerAddress {
  /** As it is kept and compared: without a slash at its end. */
  readonly url: string;
  readonly host: string;
  /** Whether others on the way could read along: the address is http, and not of this computer. */
  readonly readable: boolean;
}

/** Where nothing is said, a server is asked by https, and one on this computer by http. Throws `invalid`. */
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
    throw new AppError('invalid', 'That is no address of a server: one like https://sound.example.org is expected.');
  }
  const readable = parsed.protocol === 'http:' && !isLoopback(parsed);
  return { url: `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`, host: parsed.host, readable };
}

function withScheme(address: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return address;
  const plain = `http://${address}`;
  return isLoopback(URL.parse(plain)) ? plain : `https://${address}`;
}

function isLoopback(url: URL | null): boolean {
  return url !== null && /^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(url.hostname);
}

/** What a server refused with, by the words of its answer. */
export function refusal(host: string, status: number, body: unknown): AppError {
  const problem = problemSchema.safeParse(typeof body === 'string' ? parseJson(body) : body);
  if (problem.success) {
    const { code, detail: message, details } = problem.data;
    const error = toKnownError({ code, message, details });
    const byStatus = error.code === 'unknown' ? codesOfStatus[status] : undefined;
    return byStatus === undefined ? error : toKnownError({ code: byStatus, message, details });
  }
  if (status === 413)
    return new AppError('too_large', `Something on the way to ${host} takes no requests of that size.`);
  // A proxy before the server, which is down itself.
  if (status >= 502 && status <= 504) return new AppError('unavailable', `${host} cannot be reached right now.`);
  if (status >= 300 && status < 400) {
    return new AppError('unavailable', `${host} sends everyone elsewhere; give the address that it is really at.`);
  }
  return notSoundlift(host);
}

/** What a server answered, where it fits `schema`. Throws `unavailable`: whatever answers there is no Soundlift server. */
export function readAnswer<Schema extends z.ZodType>(host: string, schema: Schema, data: unknown): z.output<Schema> {
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw notSoundlift(host, parsed.error);
  return parsed.data;
}

/** What answers there may be anything. */
export function notSoundlift(host: string, cause?: unknown): AppError {
  return new AppError('unavailable', `${host} does not answer like a Soundlift server. Is the address right?`, {
    cause: new ServerTroubleError('no answer of ours', '', cause),
  });
}

/** The same request again while it meets connections that were kept from before and are closed by now: that is nobody's failure. */
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

/** Why a server could not be asked, as far as the system tells. */
export function unreachable(host: string, error: unknown): AppError {
  const code = systemErrorCode(error) ?? '';
  const words = unreachableWords(host, code);
  if (!axios.isAxiosError(error)) return new AppError('unavailable', words, { cause: error });
  // Without its request and its headers, which hold what is nobody's business.
  return new AppError('unavailable', words, { cause: new ServerTroubleError(`${code} ${error.message}`.trim(), code) });
}

/** What an `unavailable` of a server comes of, for who has other words for it. */
export type ServerTrouble =
  /** `code`: Node's, of what is wrong with the certificate. */
  | { readonly kind: 'certificate'; readonly code: string }
  | { readonly kind: 'not_soundlift' }
  | { readonly kind: 'unreachable' };

class ServerTroubleError extends Error {
  /** Node's; empty where it is no Soundlift server that answers. */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Undefined for what has another cause. */
export function serverTroubleOf(error: AppError): ServerTrouble | undefined {
  if (!(error.cause instanceof ServerTroubleError)) return undefined;
  const { code } = error.cause;
  if (isCertificateCode(code)) return { kind: 'certificate', code };
  return { kind: code === '' || isForeignCode(code) ? 'not_soundlift' : 'unreachable' };
}

function isCertificateCode(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
}

/** Something answers, in another language. */
function isForeignCode(code: string): boolean {
  return /^(EPROTO|HPE_|ERR_BAD_RESPONSE)/.test(code);
}

function unreachableWords(host: string, code: string): string {
  if (isCertificateCode(code)) {
    return `${host} cannot prove that it is itself: its certificate is not good (${code}). Nothing was sent.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no server called ${host} to be found.`;
  if (code === 'ECONNREFUSED') return `Nothing answers at ${host}.`;
  if (isForeignCode(code)) return notSoundlift(host).message;
  return `No answer from ${host}. Is the address right, and is this computer online?`;
}

/** What a client must do, whatever the code: sign in again, or try again later. */
const codesOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  429: 'too_many',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** A problem is small; more is none. */
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
