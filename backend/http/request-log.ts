import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';

/** What is found out on the way and belongs in the line. */
interface Notes {
  readonly account?: string;
  /** Of the problem that was the answer. */
  readonly code?: string;
}

const notes = new WeakMap<Response, Notes>();

/** Adds to the line that is written once this request is over. */
export function noteForLog(response: Response, more: Notes): void {
  notes.set(response, { ...notes.get(response), ...more });
}

/** How a request was answered, as far as it may be counted: nothing of whose it was. */
export interface AnswerFacts {
  /** `other` for those that no route is asked with: they could be made up without end. */
  readonly method: string;
  /** The route's path, with the names of its parameters; `none` where no route answered. */
  readonly route: string;
  readonly status: number;
  /** From the request's head to the answer's end. */
  readonly seconds: number;
}

const countedMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'DELETE']);

/**
 * One line a request, once it is over. No query, no headers and no body: tokens and passwords travel there. `onAnswer` is called
 * with each one's facts.
 */
export function logRequests(
  log: Logger,
  onAnswer: (facts: AnswerFacts) => void = () => {},
): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const began = performance.now();
    const { method, path } = request;
    // A client that goes away while it is written to; unheard, it would end the process.
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
