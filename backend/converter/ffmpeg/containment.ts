/** The ways to contain ffmpeg. launch-ffmpeg.sh describes each. */
export const containmentSteps = [
  'parent-death',
  'parent-watch',
  'namespaces',
  'no-new-privileges',
  'no-capabilities',
  'limits',
  'memory-limit',
] as const;
export type ContainmentStep = (typeof containmentSteps)[number];

/** How every ffmpeg and ffprobe of this process is contained. */
export interface Containment {
  readonly steps: readonly ContainmentStep[];
  /** True if every step that applies to this system works. */
  readonly complete: boolean;
  /** A sentence for the log. */
  readonly sentence: string;
}

/** How much one ffmpeg may use. */
export interface ProcessLimits {
  /** Wall-clock time, not counting the time that the computer sleeps. */
  readonly wallSeconds: number;
  /** The longest time without any output, not counting the time that the computer sleeps. No limit if absent. */
  readonly silentSeconds?: number;
  readonly cpuSeconds: number;
  /** Address space. */
  readonly memoryBytes: number;
  /** The size of each file that it writes. */
  readonly fileBytes: number;
}

/** In the order in which they are tried. Steps that the kernel takes go before their substitutes. */
const preferredSteps: readonly ContainmentStep[] = [
  'parent-death',
  'namespaces',
  'no-new-privileges',
  'no-capabilities',
  'limits',
  'memory-limit',
];

const missingWords: Readonly<Record<ContainmentStep, string>> = {
  'parent-death': 'it ends at the same moment as the service',
  'parent-watch': 'it ends when the service ends',
  namespaces: 'it cannot reach the network and other processes',
  'no-new-privileges': 'it cannot gain privileges',
  'no-capabilities': 'it gives up the rights of root',
  limits: 'its CPU time and the size of its files are limited',
  'memory-limit': 'its memory is limited',
};

/**
 * Finds out by trying how far this system can contain a program. `holds` says whether a program started with all of
 * `steps` runs and is held by them. It is called once if every step works, otherwise step by step. `root` says whether
 * this process runs as root.
 */
export async function tryContainment(
  holds: (steps: readonly ContainmentStep[]) => Promise<boolean>,
  { root }: { readonly root: boolean },
): Promise<Containment> {
  if (await holds(preferredSteps)) return containmentOf(preferredSteps, root);
  const steps: ContainmentStep[] = [];
  for (const step of preferredSteps) {
    // Tried together with the steps before it, since one may allow another: in a user namespace anyone can give up
    // capabilities.
    if (await holds([...steps, step])) steps.push(step);
    else if (step === 'parent-death' && (await holds(['parent-watch']))) steps.push('parent-watch');
  }
  return containmentOf(steps, root);
}

/** For systems that cannot run launch-ffmpeg.sh. */
export const noContainment: Containment = containmentOf([], false);

function containmentOf(steps: readonly ContainmentStep[], root: boolean): Containment {
  const missing = preferredSteps.filter((step) => {
    // Only root has capabilities to give up.
    return !steps.includes(step) && (root || step !== 'no-capabilities');
  });
  if (missing.length === 0) return { steps, complete: true, sentence: 'ffmpeg runs contained' };
  const left = missing.map((step) => missingWords[step]).join('; ');
  return {
    steps,
    complete: false,
    sentence: `ffmpeg runs less contained than it could be. On this system we cannot ensure that ${left}`,
  };
}

/**
 * The folders of the programs that launch-ffmpeg.sh needs. The caller's PATH is not used, because it may contain
 * anything.
 */
const systemPath =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin:/opt/homebrew/bin';

/** The complete environment of launch-ffmpeg.sh. Our own environment contains secrets and is not passed on. */
export function launcherEnvironment(
  program: string,
  steps: readonly ContainmentStep[],
  limits: ProcessLimits,
): Readonly<Record<string, string>> {
  return {
    PATH: systemPath,
    CONTAINED_BY: steps.join(' '),
    CONTAINED_BINARY: program,
    CONTAINED_PARENT: String(process.pid),
    LIMIT_CPU_SECONDS: String(Math.ceil(limits.cpuSeconds)),
    LIMIT_MEMORY_BYTES: String(Math.ceil(limits.memoryBytes)),
    LIMIT_FILE_BYTES: String(Math.ceil(limits.fileBytes)),
  };
}
