import type * as electron from 'electron';
import type { BackendStart } from './backend-start.ts';
import type { BackendProcess } from './keep-process.ts';

/** The parts of Electron that start a process beside the app. */
export interface UtilityBackendParts extends Pick<typeof electron, 'utilityProcess' | 'MessageChannelMain'> {
  /** Absolute path of the bundle of `backend-process.ts`. */
  readonly file: string;
}

/** Starts this computer's backend in one of Electron's utility processes. */
export function startUtilityBackend(
  { utilityProcess, MessageChannelMain, file }: UtilityBackendParts,
  start: BackendStart,
): BackendProcess {
  const child = utilityProcess.fork(file, [], { serviceName: 'Soundlift converter', stdio: 'inherit' });
  const { port1: port, port2 } = new MessageChannelMain();
  child.postMessage(start, [port2]);
  let isGone = false;
  const listeners = new Set<() => void>();
  child.once('exit', () => {
    isGone = true;
    for (const listener of listeners) listener();
  });
  return {
    port: {
      post: (message) => port.postMessage(message),
      listen(onMessage, onClose) {
        port.on('message', ({ data }) => onMessage(data));
        port.on('close', onClose);
        port.start();
      },
      close: () => port.close(),
    },
    onGone(listener) {
      if (isGone) listener();
      else listeners.add(listener);
    },
    kill() {
      const { pid } = child;
      // `child.kill()` sends SIGTERM, which the process may outlive.
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
  };
}
