import { readFileSync } from 'node:fs';

type Type = 'Browser' | 'Utility' | 'Tab';
interface Running {
  readonly pid: number;
  readonly type: Type;
  readonly name?: string;
}

const others = new Map<object, Running>();

/** Adds a process to the metrics. Processes that have ended are left out. */
export function noteProcess(owner: object, running: Running): void {
  others.set(owner, running);
}

export function forgetProcess(owner: object): void {
  others.delete(owner);
}

/** Kilobytes; CPU is not measured. */
export function appMetrics() {
  const all: readonly Running[] = [{ pid: process.pid, type: 'Browser' }, ...others.values()];
  return all.flatMap(({ pid, type, name }) => {
    const status = statusOf(pid);
    if (status === undefined) return [];
    const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const memory = { workingSetSize: kilobytes('VmRSS'), peakWorkingSetSize: kilobytes('VmHWM') };
    return [
      {
        pid,
        type,
        ...(type === 'Utility' ? { serviceName: 'node.mojom.NodeService', name: name ?? 'Node Utility Process' } : {}),
        creationTime: 0,
        cpu: { percentCPUUsage: 0, idleWakeupsPerSecond: 0 },
        memory,
        sandboxed: false,
      },
    ];
  });
}

function statusOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended.
    return undefined;
  }
}
