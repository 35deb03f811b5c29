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

/** One line a request, once it is over. No query, no headers and no body: tokens and passwords travel there. */
export function logRequests(log: Logger): (request: Request, response: Response, next: NextFunction) => void {
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
      log[path === '/healthz' || path === '/readyz' ? 'debug' : 'info'](line, 'request');
    });
    next();
  };
}
