import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { BackendStart } from '../../../desktop/main/local-backend/backend-start.ts';
import type { BackendProcess } from '../../../desktop/main/local-backend/keep-process.ts';

export interface BackendOnNode extends BackendProcess {
  readonly child: ChildProcess;
}

/** The app's own backend process on plain Node, its port carried by Node's messages between processes. */
export function startBackendOnNode(start: BackendStart): BackendOnNode {
  const child = fork(join(import.meta.dirname, 'run-backend-on-node.ts'), {
    serialization: 'advanced',
    stdio: 'ignore',
  });
  child.send(start);
  return {
    child,
    port: {
      post(message) {
        if (child.connected) child.send(message as object);
      },
      listen(onMessage, onClose) {
        child.on('message', onMessage).on('disconnect', onClose);
      },
      close() {
        if (child.connected) child.disconnect();
      },
    },
    onGone: (listener) => void child.once('exit', listener),
    kill: () => void child.kill('SIGKILL'),
  };
}
