import type { ErrorCode } from '../../shared/errors.ts';
import type { BodyDescription } from './operation.ts';
import type { Route } from './routes.ts';

/** Problems that any request may be answered with. */
const problemsOfAll: readonly ErrorCode[] = ['bad_request', 'forbidden', 'request_timeout', 'headers_too_large'];

const problemsOfAccess: Readonly<Record<Route['access'], readonly ErrorCode[]>> = {
  anyone: [],
  password: ['unauthorized', 'too_many', 'unavailable'],
  account: ['unauthorized', 'too_many', 'unavailable'],
};

/** The codes of all problems that a route may answer with: its own, and those of all routes like it. */
export function problemsOf({ access, path, operation }: Route): ReadonlySet<ErrorCode> {
  const { body, query, problems = [] } = operation;
  return new Set([
    ...problemsOfAll,
    ...problemsOfAccess[access],
    ...(path.includes('/:') ? (['not_found'] as const) : []),
    ...(query === undefined ? [] : (['invalid'] as const)),
    ...problemsOfBody(body),
    ...problems,
  ]);
}

function problemsOfBody(body: BodyDescription | undefined): readonly ErrorCode[] {
  if (body === undefined) return [];
  const { contentType = 'application/json' } = body;
  return contentType === 'application/json' ? ['too_large', 'unsupported', 'invalid', 'too_many'] : ['too_large'];
}
