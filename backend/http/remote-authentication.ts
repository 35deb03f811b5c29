import type { z } from 'zod';
import { authIsAway, openAuthConnection, type RemoteAuthenticationOptions } from './auth-connection.ts';
import type { Authentication } from './authentication.ts';
import { authenticationCalls, clientHeader, tokenSchema, validationSchema } from './authentication-calls.ts';

type Call = (typeof authenticationCalls)[keyof typeof authenticationCalls];
type AnsweringCall = Extract<Call, { readonly answer: z.ZodType }>;

/** Calls auth over HTTP. */
export function createRemoteAuthentication(options: RemoteAuthenticationOptions): Authentication {
  const auth = openAuthConnection(options);

  async function send(call: Call, body: unknown, status: number): Promise<string> {
    const headers = { 'Content-Type': 'application/json' };
    return await auth.post({ path: call.path, body: JSON.stringify(body), headers, status });
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
      const headers = { Authorization: `Basic ${basic}`, [clientHeader]: client };
      const token = await auth.post({ path: '/login', headers });
      return parsed(tokenSchema, String, token);
    },

    async identify(token) {
      const answer = parsed(validationSchema, JSON.parse, await auth.validate(token));
      const { sub, username, admin, sid, expires_in } = answer;
      return { accountId: sub, email: username, admin, sessionId: sid, secondsLeft: expires_in };
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
    throw authIsAway(error);
  }
}
