import fc from 'fast-check';

/**
 * Runs random plans, each with a scheduler that decides the order of all that the plan does at once. Throws at the first run that
 * fails; the cause is what it threw. The message has no list of the scheduler's thousands of decisions: `seed` and `path` repeat
 * them.
 */
export async function checkInterleavings<Plan>(
  runs: number,
  plans: fc.Arbitrary<Plan>,
  run: (scheduler: fc.Scheduler, plan: Plan) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(fc.scheduler(), plans, run);
  const details = await fc.check(property, { numRuns: runs, endOnFailure: true });
  if (!details.failed) return;
  const { seed, counterexamplePath: path, errorInstance: cause, numRuns, counterexample } = details;
  const plan = JSON.stringify(counterexample?.[1]);
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`run ${numRuns} failed: ${reason} (seed ${seed}, path "${path}", plan ${plan})`, { cause });
}
