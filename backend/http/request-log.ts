import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';

/** Facts for the log line that become known while the request is handled. */
interface Notes {
  readonly account?: string;
  /** The code of the problem, if that was the answer. */
  readonly code?: string;
}

const notes = new WeakMap<Response, Notes>();

/** Adds to the line that is logged when this request has ended. */
export function noteForLog(response: Response, more: Notes): void {
  notes.set(response, { ...notes.get(response), ...more });
}

/** How a request was answered, for metrics. Does not say whose it was. */
export interface AnswerFacts {
  /** `other` for methods that no route has: clients could invent any number of them. */
  readonly method: string;
  /** The route's path, with parameter names; `none` if no route answered. */
  readonly route: string;
  readonly status: number;
  /** From the head of the request to the end of the answer. */
  readonly seconds: number;
}

const countedMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'DELETE']);

/**
 * Logs one line for each request when it has ended, without query, headers and body, which may hold tokens and passwords. Calls
 * `onAnswer` with the facts of each answer.
 */
export function logRequests(
  log: Logger,
  onAnswer: (facts: AnswerFacts) => void = () => {},
): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const began = performance.now();
    const { method, path } = request;
    // The client may go away while we write. Without a listener, that error would end the process.
    response.on('error', (error) => log.debug({ err: error }, 'answer broken off'));
    response.once('close', () => {
      const line = {
        method,
        path,
        status: response.statusCode,
        milliseconds: Math.round(performance.now() - began),
        client: request.ip,
        ...notes.get(response),
        ...(response.writableFinished ? {} : { cutOff: true }),
      };
      const { route: taken }: { readonly route?: unknown } = request;
      const route = typeof taken === 'object' && taken !== null && 'path' in taken ? taken.path : undefined;
      onAnswer({
        method: countedMethods.has(method) ? method : 'other',
        route: typeof route === 'string' ? route : 'none',
        status: response.statusCode,
        seconds: (performance.now() - began) / 1000,
      });
      log[path === '/healthz' || path === '/readyz' ? 'debug' : 'info'](line, 'request');
    });
    next();
  };
}
