import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { problemSchema } from '../../../shared/api.ts';
import type { AnswerDescription } from '../../http/operation.ts';
import { problemsOf } from '../../http/route-problems.ts';
import type { Route } from '../../http/routes.ts';

export interface CheckedAnswers {
  readonly listener: RequestListener;
  /** Throws if an answer differed from its route's description. */
  expectDescribed(): void;
}

/**
 * Serves `app` and compares each answer with its route's description: status, type, shape, and the codes of problems.
 */
export function checkAnswers(app: RequestListener, routes: readonly Route[]): CheckedAnswers {
  const complaints = new Set<string>();
  return {
    listener(request, response) {
      const body = collectBody(response);
      response.once('finish', () => {
        const complaint = complaintOf(request, response, body(), routes);
        if (complaint !== undefined) complaints.add(complaint);
      });
      app(request, response);
    },
    expectDescribed() {
      if (complaints.size > 0)
        throw new Error(`answers differ from the descriptions of their routes:\n${[...complaints].join('\n')}`);
    },
  };
}

/** Collects the text that is written from now on. */
function collectBody(response: ServerResponse): () => string {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (isFile(response)) return;
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const { write, end } = response;
  response.write = new Proxy(write, {
    apply: (target, self, given: Parameters<typeof write>) => (keep(given[0]), Reflect.apply(target, self, given)),
  });
  response.end = new Proxy(end, {
    apply: (target, self, given: Parameters<typeof end>) => (keep(given[0]), Reflect.apply(target, self, given)),
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function isFile(response: ServerResponse): boolean {
  return response.getHeader('content-type') === 'audio/mpeg';
}

function complaintOf(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  routes: readonly Route[],
): string | undefined {
  const route = routeOf(request, routes);
  const status = response.statusCode;
  const described = route?.operation.answers[status];
  const wrong =
    described === undefined
      ? complaintOfProblem(request, response, body, route)
      : complaintOfBody(request, response, body, described);
  return wrong === undefined ? undefined : `${request.method} ${route?.path ?? request.url}: ${status}: ${wrong}`;
}

/** The route of a request. Undefined if there is none for its path and method. */
function routeOf(request: IncomingMessage, routes: readonly Route[]): Route | undefined {
  // Express stores the matched route here.
  const taken = 'route' in request ? request.route : undefined;
  const path = typeof taken === 'object' && taken !== null && 'path' in taken ? taken.path : undefined;
  const method = request.method?.toLowerCase();
  const ofPath = routes.filter((route) => route.path === path);
  const meant = String(request.headers['x-http-method-override'] ?? '').toLowerCase();
  return (
    ofPath.find((route) => route.method === method) ??
    ofPath.find((route) => route.method === 'get' && method === 'head') ??
    ofPath.find((route) => route.byOverride === true && route.method === meant && method === 'post')
  );
}

function complaintOfProblem(
  { method }: IncomingMessage,
  response: ServerResponse,
  body: string,
  route: Route | undefined,
): string | undefined {
  const type = response.getHeader('content-type');
  if (type !== 'application/problem+json') return `no problem, but ${String(type)}`;
  if (method === 'HEAD') return undefined;
  const problem = problemSchema.strict().safeParse(JSON.parse(body));
  if (!problem.success) return `not a valid problem: ${problem.error.message}`;
  const { code, status } = problem.data;
  if (status !== response.statusCode) return `the problem says ${status}`;
  // Internal errors are not described.
  const isDescribed = code === 'internal' || route === undefined || [...problemsOf(route)].some((one) => one === code);
  return isDescribed ? undefined : `the code ${code} is not described`;
}

function complaintOfBody(
  { method }: IncomingMessage,
  response: ServerResponse,
  body: string,
  described: AnswerDescription,
): string | undefined {
  const missing = Object.keys(described.headers ?? {}).filter((name) => response.getHeader(name) === undefined);
  if (missing.length > 0) return `without the header ${missing.join(', ')}`;
  const type = String(response.getHeader('content-type') ?? '').split(';', 1)[0];
  if (described.body === undefined) return body === '' ? undefined : `a body, where none is described: ${body}`;
  const { contentType = 'application/json', schema } = described.body;
  if (type !== contentType) return `the type is ${type}, not ${contentType}`;
  if (schema === undefined || method === 'HEAD') return undefined;
  const value: unknown = contentType === 'application/json' ? JSON.parse(body) : body;
  const parsed = schema.safeParse(value);
  if (!parsed.success) return `the body does not fit: ${parsed.error.message}: ${body}`;
  return isDeepStrictEqual(parsed.data, value) ? undefined : `the body has more than its schema: ${body}`;
}
