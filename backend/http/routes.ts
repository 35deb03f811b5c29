import type { Express, NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Credentials } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Authentication, Identity } from './authentication.ts';
import { basicChallenge, bearerChallenge, parseBasic, parseBearer } from './authorization-header.ts';
import { holdConnection } from './connections.ts';
import type { OpenCount } from './open-count.ts';
import type { Operation } from './operation.ts';
import { noteForLog } from './request-log.ts';
import { handleRequest } from './requests-in-progress.ts';

/** A request to a route. */
export interface Call {
  readonly request: Request;
  readonly response: Response;
  /** Aborted when the client goes away before it has its answer, and when the server cannot wait for the request any longer. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** A request with e-mail address and password, not yet checked. */
export interface PasswordCall extends Call {
  readonly credentials: Credentials;
}

/** A request with a valid token. */
export interface AccountCall extends Call {
  readonly identity: Identity;
}

interface RouteAddress {
  /** `get` also answers HEAD, unless the path has a `head` route. */
  readonly method: 'get' | 'head' | 'options' | 'post' | 'patch' | 'delete';
  /** As Express writes it: `/conversions/:id`. */
  readonly path: string;
  /** For the description of the interface. */
  readonly operation: Operation;
  /** Sent with every answer of this path, also with problems. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** The path, with any of its methods, is also answered with a slash at its end. */
  readonly withSlash?: true;
  /** Also answers a POST with this method in `X-HTTP-Method-Override`, for clients that cannot send the method itself. */
  readonly byOverride?: true;
  /** Carries a file. Only for routes whose `access` is `account`. */
  readonly isTransfer?: true;
}

/**
 * One route of the app. `access` says who may call it: anyone, someone with a password, or someone with a token. `backend/conversions`
 * checks whether a conversion belongs to the account, not the route.
 */
export type Route = RouteAddress &
  (
    | { readonly access: 'anyone'; readonly handle: (call: Call) => Promise<void> }
    | { readonly access: 'password'; readonly handle: (call: PasswordCall) => Promise<void> }
    | { readonly access: 'account'; readonly handle: (call: AccountCall) => Promise<void> }
  );

/** Counts the requests of signed-in clients that are not answered yet. */
export interface OpenRequests {
  readonly requests: OpenCount;
  /** Those that carry a file, which are in `requests` too. */
  readonly transfers: OpenCount;
}

export interface RouteParts {
  readonly authentication: Pick<Authentication, 'identify'>;
  /** Left out, the requests of signed-in clients are not limited. */
  readonly open?: OpenRequests;
  readonly log: Logger;
}

/** Adds the routes to the app, and answers 405 to other methods on their paths. */
export function mountRoutes(app: Express, routes: readonly Route[], parts: RouteParts): void {
  const pathsWithSlash = new Set(routes.flatMap(({ path, withSlash }) => (withSlash ? [`${path}/`] : [])));
  app.use((request: Request, _response: Response, next: NextFunction) => {
    const { path, url } = request;
    if (pathsWithSlash.has(path)) request.url = path.slice(0, -1) + url.slice(path.length);
    next();
  });
  for (const { path, answerHeaders } of routes) {
    if (answerHeaders === undefined) continue;
    app.use(path, (_request: Request, response: Response, next: NextFunction) => {
      response.set(answerHeaders);
      next();
    });
  }
  for (const route of routes) {
    function take(request: Request, response: Response, next: NextFunction): void {
      handleRequest(response, (signal) => answer(route, request, response, signal, parts)).catch((error: unknown) => {
        if (isAppError(error, 'unauthorized')) {
          response.set('WWW-Authenticate', route.access === 'password' ? basicChallenge : bearerRefusal(request));
        }
        next(error);
      });
    }
    app[route.method](route.path, take);
    if (route.byOverride !== true) continue;
    app.post(route.path, (request: Request, response: Response, next: NextFunction) => {
      const meant = request.get('X-HTTP-Method-Override')?.toLowerCase();
      if (meant === route.method) take(request, response, next);
      else next();
    });
  }
  for (const [path, allowed] of methodsByPath(routes)) {
    app.all(path, (_request: Request, response: Response) => {
      response.set('Allow', allowed.join(', '));
      throw new AppError('method_not_allowed', `Only ${allowed.join(', ')} can be asked of this address.`);
    });
  }
}

async function answer(
  route: Route,
  request: Request,
  response: Response,
  signal: AbortSignal,
  parts: RouteParts,
): Promise<void> {
  const call: Call = { request, response, signal, log: parts.log };
  switch (route.access) {
    case 'anyone':
      return await route.handle(call);
    case 'password':
      return await route.handle({ ...call, credentials: parseBasic(request.headers.authorization) });
    case 'account': {
      const identity = await parts.authentication.identify(parseBearer(request.headers.authorization));
      noteForLog(response, { account: identity.accountId });
      using entered = new DisposableStack();
      const holder = { account: identity.accountId, client: clientOf(request) };
      for (const count of [parts.open?.requests, route.isTransfer && parts.open?.transfers]) {
        if (count) entered.defer(count.enter(holder));
      }
      entered.defer(holdConnection(request.socket));
      return await route.handle({ ...call, identity });
    }
  }
}

/** Without an error code if the request had no token (RFC 6750, section 3.1). */
function bearerRefusal(request: Request): string {
  return request.headers.authorization === undefined ? bearerChallenge : `${bearerChallenge}, error="invalid_token"`;
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, readonly string[]>();
  for (const { method, path } of routes) {
    const named = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
    methods.set(path, [...(methods.get(path) ?? []), ...named]);
  }
  return methods;
}

/** The client's address. */
export function clientOf(request: Request): string {
  return request.ip ?? 'unknown';
}

/** Returns a parameter of the route's path. */
export function pathParameter(request: Request, name: string): string {
  const value = request.params[name];
  if (typeof value !== 'string') throw new Error(`the route has no parameter ${name}`);
  return value;
}
