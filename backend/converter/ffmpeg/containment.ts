/** One way of keeping ffmpeg in; launch-ffmpeg.sh says what each does. */
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

/** What holds for every ffmpeg and ffprobe that is started here. */
export interface Containment {
  readonly steps: readonly ContainmentStep[];
  /** True when nothing is left out that this system could be asked for. */
  readonly complete: boolean;
  /** For the log, once. */
  readonly sentence: string;
}

/** How much one ffmpeg may use. */
export interface ProcessLimits {
  /** Time that passes while this computer is awake. */
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Of address space. */
  readonly memoryBytes: number;
  /** Of any one file that it writes. */
  readonly fileBytes: number;
}

/** In the order in which they are tried; those that the kernel does better go before their substitutes. */
const preferredSteps: readonly ContainmentStep[] = [
  'parent-death',
  'namespaces',
  'no-new-privileges',
  'no-capabilities',
  'limits',
  'memory-limit',
];

const missingWords: Readonly<Record<ContainmentStep, string>> = {
  'parent-death': 'it ends at the instant when the service dies',
  'parent-watch': 'it is ended when the service dies',
  namespaces: 'the network and other processes are out of its reach',
  'no-new-privileges': 'it cannot gain privileges',
  'no-capabilities': 'it gives up the rights of root',
  limits: 'its CPU time and the size of its files are limited',
  'memory-limit': 'its memory is limited',
};

/**
 * Finds out by trying how far this system lets a program be contained. `holds` says whether a program that is started with
 * all of `steps` runs, and is held by them: it is asked once where everything is there, and step by step only where
 * something is not. `root` is whether we are.
 */
export async function tryContainment(
  holds: (steps: readonly ContainmentStep[]) => Promise<boolean>,
  { root }: { readonly root: boolean },
): Promise<Containment> {
  if (await holds(preferredSteps)) return containmentOf(preferredSteps, root);
  const steps: ContainmentStep[] = [];
  for (const step of preferredSteps) {
    // With those before it: one may allow another (a user namespace lets anyone give up capabilities).
    if (await holds([...steps, step])) steps.push(step);
    else if (step === 'parent-death' && (await holds(['parent-watch']))) steps.push('parent-watch');
  }
  return containmentOf(steps, root);
}

/** For systems that have no shell to launch with. */
export const noContainment: Containment = containmentOf([], false);

function containmentOf(steps: readonly ContainmentStep[], root: boolean): Containment {
  const missing = preferredSteps.filter((step) => {
    // Who is not root has no such rights to give up.
    return !steps.includes(step) && (root || step !== 'no-capabilities');
  });
  if (missing.length === 0) return { steps, complete: true, sentence: 'ffmpeg runs contained' };
  const left = missing.map((step) => missingWords[step]).join('; ');
  return {
    steps,
    complete: false,
    sentence: `ffmpeg runs less contained than it could be. This system does not let us see to it that: ${left}`,
  };
}

/** Where the programs that launch-ffmpeg.sh needs lie: never the caller's own PATH, which may hold anything. */
const systemPath =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin:/opt/homebrew/bin';

/** The whole environment that launch-ffmpeg.sh is started in; our own, with its secrets, goes no further. */
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
