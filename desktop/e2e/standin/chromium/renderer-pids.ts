import { readFileSync } from 'node:fs';
import { chromium } from './running-chromium.ts';

const taken = new Map<string, number>();

/** The process id of a target's page. Chromium lists only all renderers, so a new one belongs to the target that asks now. */
export async function rendererPid(targetId: string): Promise<number> {
  const { processInfo } = await chromium().send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type, id }) => type === 'renderer' && isForPages(id)).map(({ id }) => id);
  for (const [target, pid] of taken) if (!renderers.includes(pid)) taken.delete(target);
  const others = [...taken].filter(([target]) => target !== targetId).map(([, pid]) => pid);
  const pid = renderers.findLast((renderer) => !others.includes(renderer)) ?? 0;
  taken.set(targetId, pid);
  return pid;
}

/** Chromium also has a renderer for its own toolbars. */
function isForPages(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--top-chrome-webui');
  } catch {
    // It has ended, or this system has no such file.
    return true;
  }
}
