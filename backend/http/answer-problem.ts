import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Problem } from '../../shared/api.ts';
import { problemHeaders } from './problem.ts';
import { endUnread, isUnread } from './request-body.ts';

/**
 * Answers with a problem (RFC 9457). A client that is still sending is told to stop, and the connection ends; so it does with
 * `close`. When the answer had begun already, all that is left is to break it off.
 */
export function answerProblem(
  request: IncomingMessage,
  response: ServerResponse,
  problem: Problem,
  close = false,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify(problem));
  const unread = isUnread(request);
  response.statusCode = problem.status;
  if (STATUS_CODES[problem.status] === undefined) response.statusMessage = problem.title;
  for (const name of headersOfContent) response.removeHeader(name);
  for (const [name, value] of Object.entries(problemHeaders(problem))) response.setHeader(name, value);
  response.setHeader('Content-Length', body.byteLength);
  response.setHeader('Cache-Control', 'no-store');
  if (unread || close) response.setHeader('Connection', 'close');
  if (!unread || close) {
    // What came and was not read must not stand in the way of the connection's next request.
    request.resume();
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.write(body);
  endUnread(request, response);
}

/** What may have been said of an answer that is not given after all. */
const headersOfContent = ['Content-Disposition', 'ETag'];
