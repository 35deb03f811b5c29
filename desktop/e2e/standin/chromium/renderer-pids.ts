import { readFileSync } from 'node:fs';
import { chromium } from './running-chromium.ts';

const taken = new Map<string, number>();

/** The process of a target's page; Chromium tells only of all renderers, so a new one is that of whoever asks now. */
export async function rendererPid(targetId: string): Promise<number> {
  const { processInfo } = await chromium().send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type, id }) => type === 'renderer' && isForPages(id)).map(({ id }) => id);
  for (const [target, pid] of taken) if (!renderers.includes(pid)) taken.delete(target);
  const others = [...taken].filter(([target]) => target !== targetId).map(([, pid]) => pid);
  const pid = renderers.findLast((renderer) => !others.includes(renderer)) ?? 0;
  taken.set(targetId, pid);
  return pid;
}

/** Chromium has a renderer for its own bars, too. */
function isForPages(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--top-chrome-webui');
  } catch {
    // It is gone, or this system has no such file.
    return true;
  }
}
