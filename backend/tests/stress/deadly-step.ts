/**
 * The logged step that a process with die-at-step.ts died before, by its number or a pattern; an empty text if it is not there. It is not
 * always the last: another thread of the process may log one more before it dies too.
 */
export function deadlyStep(logged: readonly string[], dieAt: number | RegExp): string {
  const pattern = typeof dieAt === 'number' ? new RegExp(`^${dieAt} `) : dieAt;
  // Processes that died before may have written to the same log.
  return logged.findLast((step) => pattern.test(step)) ?? '';
}
