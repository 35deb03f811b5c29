import { join } from 'node:path';
import { boundToUs } from '../servers/bound-to-us.ts';
import { type OwnProcess, spawnOwnProcess } from './own-process.ts';

/** The entry point of every service. Its argument is the service's name. */
export const serviceEntry = join(import.meta.dirname, '..', '..', 'main', 'service.mjs');

export const serviceNames = ['auth', 'gateway', 'converter', 'notifier'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What each service prints once it is ready. */
const readyLines: Readonly<Record<ServiceName, RegExp>> = {
  auth: /^listening on (http:\S+)\n/m,
  gateway: /^listening on (http:\S+)\n/m,
  converter: /^converting /m,
  notifier: /^notifying/m,
};

/**
 * Starts a service of the cluster as a process of its own. `said` is the address of a gateway or auth, without a trailing slash. Its
 * temporary files are below `workFolder`, which must exist, and its log is in `workFolder`.log.
 */
export async function startServiceProcess(
  name: ServiceName,
  workFolder: string,
  environment: Readonly<Record<string, string>>,
): Promise<OwnProcess> {
  const { ready } = spawnOwnProcess({
    words: boundToUs(process.execPath, serviceEntry, name),
    environment: { LOG_LEVEL: 'warn', PORT: '0', TMPDIR: workFolder, ...environment },
    ready: readyLines[name],
    workFolder,
    logPath: `${workFolder}.log`,
  });
  return await ready;
}
