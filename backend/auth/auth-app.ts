import type { Express } from 'express';
import { decodeJwt } from 'jose';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import { authenticationCalls, clientHeader, loginOperation, validationSchema } from '../http/authentication-calls.ts';
import { parseBearer } from '../http/authorization-header.ts';
import { readJson } from '../http/read-request.ts';
import { clientOf, type Route } from '../http/routes.ts';

export interface AuthAppParts {
  /** The service itself, in this process. */
  readonly authentication: Authentication;
  /** True if it listens only for this computer. Then it refuses other host names, which a web page could have point here. */
  readonly loopback: boolean;
  readonly log: Logger;
}

/**
 * The auth service over HTTP, for our other services only: a caller may act for any account whose session id it knows, and ask for
 * any account's mail address. So whoever can reach it must be one of them. Serve it with `startServer`.
 */
export function createAuthApp({ authentication, loopback, log }: AuthAppParts): Express {
  return createApp({
    routes: authRoutes(authentication),
    authentication,
    hosts: { loopback },
    trustedProxies: [],
    log,
  });
}

function authRoutes(authentication: Authentication): readonly Route[] {
  const calls = authenticationCalls;
  return [
    {
      method: 'post',
      path: '/login',
      access: 'password',
      operation: loginOperation,
      async handle({ request, response, credentials }) {
        const client = request.get(clientHeader) ?? clientOf(request);
        response.type('text/plain').send(await authentication.signIn(credentials, client));
      },
    },
    {
      method: 'post',
      path: '/validate',
      access: 'account',
      operation: {
        summary: 'Say whose token it is',
        answers: { 200: { description: 'Its claims.', body: { schema: validationSchema } } },
      },
      async handle({ request, response, identity }) {
        const { email, admin, secondsLeft } = identity;
        const claims = decodeJwt(parseBearer(request.headers.authorization));
        response.json({ ...claims, username: email, admin, expires_in: secondsLeft });
      },
    },
    route(calls.startSession, ({ credentials, client }) => authentication.startSession(credentials, client)),
    route(calls.refreshSession, ({ refreshToken }) => authentication.refreshSession(refreshToken)),
    route(calls.endSession, ({ identity }) => authentication.endSession(identity)),
    route(calls.createAccount, ({ credentials, client }) => authentication.createAccount(credentials, client)),
    route(calls.account, ({ identity }) => authentication.account(identity)),
    route(calls.changeAccount, ({ identity, changes }) => authentication.changeAccount(identity, changes)),
    route(calls.sendConfirmation, ({ identity, client }) => authentication.sendConfirmation(identity, client)),
    route(calls.confirm, ({ identity, code }) => authentication.confirm(identity, code)),
    route(calls.changePassword, ({ identity, change, client }) =>
      authentication.changePassword(identity, change, client),
    ),
    route(calls.checkPassword, ({ identity, password, client }) =>
      authentication.checkPassword(identity, password, client),
    ),
    route(calls.requestReset, ({ email, client }) => authentication.requestReset(email, client)),
    route(calls.confirmReset, async ({ reset, client }) => ({
      accountId: await authentication.confirmReset(reset, client),
    })),
    route(calls.mailAddress, async ({ accountId }) => ({ address: await authentication.mailAddress(accountId) })),
    route(calls.removeAccount, ({ identity }) => authentication.removeAccount(identity)),
  ];
}

/** Serves one method of `Authentication`. Its result is the answer; without a result the answer is 204. */
function route<Body extends z.ZodType>(
  { path, body }: { readonly path: string; readonly body: Body },
  method: (body: z.output<Body>) => Promise<unknown>,
): Route {
  return {
    method: 'post',
    path,
    access: 'anyone',
    operation: {
      summary: 'An internal call',
      body: { schema: body },
      answers: { 200: { description: 'The result.' }, 204: { description: 'Done.' } },
    },
    async handle({ request, response }) {
      const answer = await method(await readJson(request, response, body));
      if (answer === undefined) response.status(204).end();
      else response.json(answer);
    },
  };
}
