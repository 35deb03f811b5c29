import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Problem } from '../../shared/api.ts';
import { problemHeaders } from './problem.ts';
import { endUnread, isUnread } from './request-body.ts';

/**
 * Answers with a problem (RFC 9457). Closes the connection afterwards if the client is still sending, or if `close` is set. If another
 * answer has begun already, destroys the connection.
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
    // Discards the rest of this request, so that the next one on the connection can be read.
    request.resume();
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.write(body);
  endUnread(request, response);
}

/** Headers that may have been set for the answer that the problem replaces. */
const headersOfContent = ['Content-Disposition', 'ETag'];
