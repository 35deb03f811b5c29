import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Starts with the tests that run whole systems. They take the longest, and one of them at the end would leave the other cores idle.
 * Without this, vitest sorts by the times of earlier runs, and a fresh clone has none.
 */
export class WholeSystemFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isOfWholeSystem), ...sorted.filter((file) => !isOfWholeSystem(file))];
  }
}

function isOfWholeSystem({ moduleId }: TestSpecification): boolean {
  return moduleId.includes('/backend/tests/');
}
