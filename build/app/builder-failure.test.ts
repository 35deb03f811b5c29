import { expect, it } from 'vitest';
import { builderFailure } from './builder-failure.ts';

it('is told in one sentence if something could not be downloaded', () => {
  const report = [
    '  ⨯ getaddrinfo ENOTFOUND github.com  failedTask=build stackTrace=RequestError: getaddrinfo ENOTFOUND github.com',
    '    at ClientRequest.<anonymous> (node_modules/got/dist/source/core/index.js:970:111)',
    '    at ClientRequest.wrapper (node:events:639:12)',
  ].join('\n');
  expect(builderFailure(report)).toMatch(/^The package could not be made: [^\n]*\(ENOTFOUND\)\. Try again online\.$/);
});

it('is told as it is otherwise', () => {
  const report =
    '  ⨯ cannot find valid "main" entry  failedTask=build stackTrace=Error: cannot find\n    at check (a.js:1:2)';
  expect(builderFailure(report)).toBe(report);
});
