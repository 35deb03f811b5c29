import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import axios, { AxiosError, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import { problemSchema } from '../../shared/api.ts';
import { AppError, type ErrorCode, isAppError } from '../../shared/errors.ts';
import type { Authentication } from './authentication.ts';
import { authenticationCalls, claimsSchema, clientHeader, tokenSchema } from './authentication-calls.ts';

export interface RemoteAuthenticationOptions {
  /** Auth's address, without a slash at the end. */
  readonly url: string;
  /** How long a whole answer may take. At worst, passwords wait about as long before they are hashed. */
  readonly timeoutSeconds?: number;
}

type Call = (typeof authenticationCalls)[keyof typeof authenticationCalls];
type AnsweringCall = Extract<Call, { readonly answer: z.ZodType }>;

/** The codes with which auth refuses a call. Any other problem means that it is broken, or not auth. */
const refusals: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'taken', 'invalid', 'wrong_state', 'too_many'];
/** More than any answer of auth has. */
const maxAnswerBytes = 64 * 1024;

/** Calls auth over HTTP. */
export function createRemoteAuthentication({ url, timeoutSeconds = 5 }: RemoteAuthenticationOptions): Authentication {
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

  async function post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    { signal = limit(), status = 200 }: { readonly signal?: AbortSignal; readonly status?: number } = {},
  ): Promise<string> {
    let answer: AxiosResponse<unknown>;
    try {
      answer = await http.post(path, body, { headers, signal, ...ownConnection });
    } catch (error) {
      throw away(error);
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
      if (!axios.isAxiosError(error) || error.code !== 'ECONNRESET') throw away(error);
      return await post('/validate', undefined, headers, { signal });
    }
  }

  /** Something else than auth may answer there, such as a proxy with a page and 200. So only the `expected` status is a success. */
  function textOf(answer: AxiosResponse<unknown>, expected: number): string {
    const text = typeof answer.data === 'string' ? answer.data : '';
    if (answer.status === expected) return text;
    throw refusalOf(text) ?? away(new Error(`auth answered ${answer.status}`));
  }

  async function send(call: Call, body: unknown, status: number): Promise<string> {
    return await post(call.path, JSON.stringify(body), { 'Content-Type': 'application/json' }, { status });
  }

  async function tell<Told extends Exclude<Call, AnsweringCall>>(
    call: Told,
    body: z.input<Told['body']>,
  ): Promise<void> {
    await send(call, body, 204);
  }

  async function ask<Asked extends AnsweringCall>(
    call: Asked,
    body: z.input<Asked['body']>,
  ): Promise<z.output<Asked['answer']>>;
  async function ask(call: AnsweringCall, body: z.input<AnsweringCall['body']>): Promise<unknown> {
    return parsed(call.answer, JSON.parse, await send(call, body, 200));
  }

  const calls = authenticationCalls;
  return {
    async signIn({ email, password }, client) {
      const basic = Buffer.from(`${email}:${password}`).toString('base64');
      const token = await post('/login', undefined, { Authorization: `Basic ${basic}`, [clientHeader]: client });
      return parsed(tokenSchema, String, token);
    },

    async identify(token) {
      const claims = parsed(claimsSchema, JSON.parse, await validate(token));
      const { sub, username, admin, sid, exp } = claims;
      return { accountId: sub, email: username, admin, sessionId: sid, expires: exp };
    },

    startSession: (credentials, client) => ask(calls.startSession, { credentials, client }),
    refreshSession: (refreshToken) => ask(calls.refreshSession, { refreshToken }),
    createAccount: (credentials, client) => ask(calls.createAccount, { credentials, client }),
    account: (identity) => ask(calls.account, { identity }),
    changeAccount: (identity, changes) => ask(calls.changeAccount, { identity, changes }),
    confirm: (identity, code) => ask(calls.confirm, { identity, code }),

    async mailAddress(accountId) {
      return (await ask(calls.mailAddress, { accountId })).address;
    },
    async endSession(identity) {
      await tell(calls.endSession, { identity });
    },
    async sendConfirmation(identity, client) {
      await tell(calls.sendConfirmation, { identity, client });
    },
    async changePassword(identity, change, client) {
      await tell(calls.changePassword, { identity, change, client });
    },
    async checkPassword(identity, password, client) {
      await tell(calls.checkPassword, { identity, password, client });
    },
    async requestReset(email, client) {
      await tell(calls.requestReset, { email, client });
    },
    async confirmReset(reset, client) {
      return (await ask(calls.confirmReset, { reset, client })).accountId;
    },
    async removeAccount(identity) {
      await tell(calls.removeAccount, { identity });
    },
  };
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  read: (text: string) => unknown,
  text: string,
): z.output<Schema> {
  try {
    return schema.parse(read(text));
  } catch (error) {
    throw away(error);
  }
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
function away(cause: unknown): AppError {
  if (isAppError(cause)) return cause;
  return new AppError('unavailable', 'Signing in is not possible right now; try again in a moment.', {
    cause: axios.isAxiosError(cause) ? new Error(`auth cannot be reached: ${reasonOf(cause)}`) : cause,
    // A restart takes about that long.
    details: { retryAfterSeconds: 1 },
  });
}
