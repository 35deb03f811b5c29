import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';

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
        ...(response.locals['accountId'] === undefined ? {} : { account: response.locals['accountId'] }),
        ...(response.locals['problemCode'] === undefined ? {} : { code: response.locals['problemCode'] }),
        ...(response.writableFinished ? {} : { cutOff: true }),
      };
      log[path === '/healthz' || path === '/readyz' ? 'debug' : 'info'](line, 'request');
    });
    next();
  };
}
