import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { answerProblem } from './answer-problem.ts';
import type { Authentication } from './authentication.ts';
import { noSuchAddress, toProblem } from './problem.ts';
import { checkFraming, checkHostAndOrigin, type HostPolicy } from './request-checks.ts';
import { type AnswerFacts, logRequests, noteForLog } from './request-log.ts';
import { mountRoutes, type OpenRequests, type Route } from './routes.ts';

export interface AppParts {
  readonly routes: readonly Route[];
  readonly authentication: Pick<Authentication, 'identify'>;
  readonly hosts: HostPolicy;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** Left out, the requests of signed-in clients are not limited. */
  readonly open?: OpenRequests;
  readonly log: Logger;
  /** Called with the facts of each answer. */
  readonly onAnswer?: (facts: AnswerFacts) => void;
}

/** Answers are not pages: browsers must not run, frame, sniff or cache them. */
const headersOfAll: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** An Express app that serves the routes, and answers everything else with a problem. */
export function createApp(parts: AppParts): Express {
  const { routes, hosts, trustedProxies, log, onAnswer } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.set('trust proxy', [...trustedProxies]);

  app.use(logRequests(log, onAnswer));
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.set(headersOfAll);
    try {
      checkFraming(request);
    } catch (error) {
      // We cannot tell where the next request on this connection begins.
      refuse(error, request, response, true);
      return;
    }
    checkHostAndOrigin(request, hosts);
    next();
  });
  mountRoutes(app, routes, parts);
  app.use(() => {
    throw noSuchAddress();
  });
  // Express recognises an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    refuse(error, request, response, false);
  });

  function refuse(error: unknown, request: Request, response: Response, close: boolean): void {
    const problem = toProblem(error);
    noteForLog(response, { code: problem.code });
    const cutOff = response.destroyed || request.destroyed;
    if (problem.status >= 500 && problem.code !== 'disk_full' && !cutOff)
      log.error({ err: error, method: request.method, path: request.path }, 'request failed');
    else log.debug({ err: error, method: request.method, path: request.path }, 'request refused');
    answerProblem(request, response, problem, close);
  }

  return app;
}
