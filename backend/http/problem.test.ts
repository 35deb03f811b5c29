import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../shared/errors.ts';
import { problemHeaders, toProblem } from './problem.ts';

describe('toProblem', () => {
  it.each<[ErrorCode, number]>([
    ['bad_request', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['method_not_allowed', 405],
    ['request_timeout', 408],
    ['wrong_state', 409],
    ['taken', 409],
    ['cancelled', 409],
    ['gone', 410],
    ['wrong_version', 412],
    ['too_large', 413],
    ['unsupported', 415],
    ['range_not_satisfiable', 416],
    ['invalid', 422],
    ['locked', 423],
    ['headers_too_large', 431],
    ['checksum_mismatch', 460],
    ['too_many', 429],
    ['unavailable', 503],
    ['disk_full', 507],
  ])('answers %s with %i and its sentence', (code, status) => {
    const problem = toProblem(new AppError(code, 'A sentence.', { details: { limitBytes: 1 } }));
    expect(problem).toMatchObject({
      type: 'about:blank',
      status,
      code,
      detail: 'A sentence.',
      details: { limitBytes: 1 },
    });
    expect(problem.title).not.toBe('Error');
  });

  it.each<ErrorCode>([
    'internal',
    'source_unreadable',
    'target_unwritable',
    'data_in_use',
    'data_unusable',
    'converter_failed',
  ])('answers %s, which clients can do nothing about, without its sentence', (code) => {
    const problem = toProblem(new AppError(code, 'A sentence about the inside.', { details: { inside: 1 } }));
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      code: 'internal',
      detail: 'Soundlift hit a problem of its own.',
    });
  });

  it.each([new Error('inside'), 'inside', undefined, null, Object.assign(new Error('inside'), { status: 503 })])(
    'says nothing about an unknown error (%s)',
    (error) => {
      const problem = toProblem(error);
      expect(problem).toMatchObject({ status: 500, code: 'internal' });
      expect(JSON.stringify(problem)).not.toContain('inside');
    },
  );

  it('answers 400 to what the framework refuses', () => {
    const problem = toProblem(Object.assign(new Error('inside'), { status: 400 }));
    expect(problem).toMatchObject({ status: 400, code: 'bad_request', detail: 'The request cannot be understood.' });
  });
});

describe('problemHeaders', () => {
  it.each([
    [{ retryAfterSeconds: 12.2 }, '13'],
    [{ retryAfterSeconds: 0 }, '1'],
    [undefined, '5'],
  ])('say how long to wait: %j gives %s', (details, seconds) => {
    for (const code of ['too_many', 'unavailable'] as const) {
      const problem = toProblem(new AppError(code, 'Later.', details === undefined ? {} : { details }));
      expect(problemHeaders(problem)['Retry-After']).toBe(seconds);
    }
  });

  it('do not say so if waiting does not help', () => {
    expect(problemHeaders(toProblem(new AppError('not_found', 'No.')))).toEqual({
      'Content-Type': 'application/problem+json',
    });
  });
});
