import { expect, it } from 'vitest';
import { runSchemathesis } from './run-schemathesis.ts';

it.each([1, 2, 3])('schemathesis finds nothing with seed %i', async (seed) => {
  const { exitCode, output } = await runSchemathesis({ maxExamples: 100, seed });
  expect(exitCode, output).toBe(0);
});
