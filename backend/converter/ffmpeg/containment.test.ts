import { describe, expect, test } from 'vitest';
import { type ContainmentStep, launcherEnvironment, noContainment, tryContainment } from './containment.ts';

/** A system that lacks the steps in `missing`. */
function systemWithout(...missing: readonly ContainmentStep[]) {
  const asked: (readonly ContainmentStep[])[] = [];
  return {
    asked,
    holds: async (steps: readonly ContainmentStep[]) => {
      asked.push(steps);
      return !steps.some((step) => missing.includes(step));
    },
  };
}

const everything: readonly ContainmentStep[] = [
  'parent-death',
  'namespaces',
  'no-new-privileges',
  'no-capabilities',
  'limits',
  'memory-limit',
];

describe('tryContainment', () => {
  test('tries once if every step works', async () => {
    const system = systemWithout();
    const containment = await tryContainment(system.holds, { root: true });
    expect(containment).toEqual({ steps: everything, complete: true, sentence: 'ffmpeg runs contained' });
    expect(system.asked).toEqual([everything]);
  });

  test('leaves out a refused step, keeps the rest, and names what is missing', async () => {
    const containment = await tryContainment(systemWithout('namespaces').holds, { root: true });
    expect(containment.steps).toEqual(everything.filter((step) => step !== 'namespaces'));
    expect(containment.complete).toBe(false);
    expect(containment.sentence).toMatch(/it cannot reach the network and other processes$/);
  });

  test('watches the service if the kernel cannot', async () => {
    const containment = await tryContainment(systemWithout('parent-death').holds, { root: true });
    expect(containment.steps).toEqual(['parent-watch', ...everything.slice(1)]);
    expect(containment.sentence).toMatch(/ends at the same moment as the service/);
  });

  test('tries each step together with those that work, since one may allow another', async () => {
    const holds = async (steps: readonly ContainmentStep[]) => {
      const refused = steps.includes('no-capabilities') && !steps.includes('namespaces');
      return !refused && !steps.includes('memory-limit');
    };
    const { steps } = await tryContainment(holds, { root: false });
    expect(steps).toEqual(everything.filter((step) => step !== 'memory-limit'));
  });

  test('does not require no-capabilities unless it runs as root', async () => {
    const { holds } = systemWithout('no-capabilities');
    expect((await tryContainment(holds, { root: false })).complete).toBe(true);
    expect((await tryContainment(holds, { root: true })).complete).toBe(false);
  });

  test('takes no step if none works', async () => {
    const { steps } = await tryContainment(async () => false, { root: false });
    expect(steps).toEqual(noContainment.steps);
  });
});

test('the launcher gets the limits as whole numbers, and none of our own environment', () => {
  const limits = { wallSeconds: 1, cpuSeconds: 0.2, memoryBytes: 1000.5, fileBytes: 7 };
  expect(launcherEnvironment('/usr/bin/ffmpeg', ['limits', 'namespaces'], limits)).toEqual({
    PATH: expect.stringContaining('/usr/bin'),
    CONTAINED_BY: 'limits namespaces',
    CONTAINED_BINARY: '/usr/bin/ffmpeg',
    CONTAINED_PARENT: String(process.pid),
    LIMIT_CPU_SECONDS: '1',
    LIMIT_MEMORY_BYTES: '1001',
    LIMIT_FILE_BYTES: '7',
  });
});
