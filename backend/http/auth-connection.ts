import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import axios, { AxiosError, type AxiosResponse } from 'axios';
import { problemSchema } from '../../shared/api.ts';
import { AppError, type ErrorCode, isAppError } from '../../shared/errors.ts';

export interface RemoteAuthenticationOptions {
  /** Auth's address, without a slash at the end. */
  readonly url: string;
  /** How long a whole answer may take. At worst, passwords wait about as long before they are hashed. */
  readonly timeoutSeconds?: number;
}

interface AuthRequest {
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 200 unless this says otherwise. */
  readonly status?: number;
}

/** Sends requests to auth over HTTP. Every method throws what auth refuses with, and `unavailable` for everything else. */
export interface AuthConnection {
  /** Resolves with the text of the answer. */
  post(request: AuthRequest): Promise<string>;
  /** The claims of a token, as text. */
  validate(token: string): Promise<string>;
}

/** The codes with which auth refuses a call. Any other problem means that it is broken, or not auth. */
const refusals: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'taken', 'invalid', 'wrong_state', 'too_many'];
/** More than any answer of auth has. */
const maxAnswerBytes = 64 * 1024;

export function openAuthConnection({ url, timeoutSeconds = 5 }: RemoteAuthenticationOptions): AuthConnection {
  // Auth may close an idle connection just as a call is sent on it. `validate` can be repeated, others may have been carried out: so each of
  // them gets a new connection. If auth is restarting, that is refused.
  const ownConnection = { httpAgent: new Agent(), httpsAgent: new SecureAgent() };
  const keptConnection = {
    httpAgent: new Agent({ keepAlive: true }),
    httpsAgent: new SecureAgent({ keepAlive: true }),
  };
  const http = axios.create({
    baseURL: url,
    // Passwords must go nowhere else.
    proxy: false,
    maxRedirects: 0,
    maxContentLength: maxAnswerBytes,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
  });

  /** Axios's own time limit starts again with each byte that arrives. */
  const limit = (): AbortSignal => AbortSignal.timeout(timeoutSeconds * 1000);

  async function post({ path, body, headers, status = 200 }: AuthRequest, signal = limit()): Promise<string> {
    let answer: AxiosResponse<unknown>;
    try {
      answer = await http.post(path, body, { headers, signal, ...ownConnection });
    } catch (error) {
      throw authIsAway(error);
    }
    return textOf(answer, status);
  }

  /** Retries once when auth hangs up: it may just have closed an idle connection, and asking twice does no harm. */
  async function validate(token: string): Promise<string> {
    const headers = { Authorization: `Bearer ${token}` };
    const signal = limit();
    try {
      return textOf(await http.post('/validate', undefined, { headers, signal, ...keptConnection }), 200);
    } catch (error) {
      if (!axios.isAxiosError(error) || error.code !== 'ECONNRESET') throw authIsAway(error);
      return await post({ path: '/validate', headers }, signal);
    }
  }

  /** Something else than auth may answer there, such as a proxy with a page and 200. So only the `expected` status is a success. */
  function textOf(answer: AxiosResponse<unknown>, expected: number): string {
    const text = typeof answer.data === 'string' ? answer.data : '';
    if (answer.status === expected) return text;
    throw refusalOf(text) ?? authIsAway(new Error(`auth answered ${answer.status}`));
  }

  return { post: (request) => post(request), validate };
}

/** Undefined if this is not one of the `refusals`. */
function refusalOf(text: string): AppError | undefined {
  try {
    const { code, detail, details } = problemSchema.parse(JSON.parse(text));
    const known = refusals.find((refusal) => refusal === code);
    return known === undefined ? undefined : new AppError(known, detail, details === undefined ? {} : { details });
  } catch {
    return undefined;
  }
}

function reasonOf({ code, message }: AxiosError): string {
  return code === AxiosError.ERR_CANCELED ? 'it has not answered in time' : (code ?? message);
}

/** The cause may name auth's address, which only the log may show. The request itself is dropped: it holds passwords. */
export function authIsAway(cause: unknown): AppError {
  if (isAppError(cause)) return cause;
  return new AppError('unavailable', 'Signing in is not possible right now; try again in a moment.', {
    cause: axios.isAxiosError(cause) ? new Error(`auth cannot be reached: ${reasonOf(cause)}`) : cause,
    // A restart takes about that long.
    details: { retryAfterSeconds: 1 },
  });
}
