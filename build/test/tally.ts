import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** How many tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What is counted while tests run. */
export interface TallyReporter extends Reporter {
  /** What has been counted by now; what still runs or waits is not in it. */
  tally(): Tally;
  /** What runs at this moment: the tests, each with its file, or a file, for word of its tests comes a little late. */
  running(): readonly string[];
  /** Milliseconds since anything was last heard of a test, a hook or a file. */
  silentMilliseconds(): number;
}

/**
 * Counts tests, and what failed outside of any test as a failed one: a file that cannot be loaded, a hook of a whole file,
 * an error that nobody caught.
 */
export function tallyTests(): TallyReporter {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const files = new Map<string, TestModule>();
  const tests = new Map<string, TestCase>();
  let heard = performance.now();
  const hear = () => {
    heard = performance.now();
  };
  return {
    onTestRunStart: hear,
    onTestModuleQueued(testModule) {
      hear();
      files.set(testModule.id, testModule);
    },
    onTestModuleCollected: hear,
    onTestModuleStart: hear,
    onHookStart: hear,
    onHookEnd: hear,
    onTestSuiteResult: hear,
    onTestCaseReady(test) {
      hear();
      tests.set(test.id, test);
    },
    onTestCaseResult(test) {
      hear();
      tests.delete(test.id);
      const { state } = test.result();
      if (state !== 'pending') count[state]++;
    },
    onTestModuleEnd(testModule) {
      hear();
      files.delete(testModule.id);
      count.failed += errorsOutsideTests(testModule);
    },
    onTestRunEnd(_testModules, unhandledErrors) {
      count.failed += unhandledErrors.length;
    },
    tally: () => ({ ...count }),
    running: () =>
      [...files.values()].flatMap((file) => {
        const running = [...tests.values()].filter((test) => test.module.id === file.id);
        return running.length === 0
          ? [file.relativeModuleId]
          : running.map(({ fullName }) => `${file.relativeModuleId} > ${fullName}`);
      }),
    silentMilliseconds: () => performance.now() - heard,
  };
}

function errorsOutsideTests(testModule: TestModule): number {
  const suites = [testModule, ...testModule.children.allSuites()];
  return suites.reduce((sum, suite) => sum + suite.errors().length, 0);
}
