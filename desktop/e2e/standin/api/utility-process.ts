import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StrictEmitter, strict } from '../strict.ts';
import { forgetProcess, noteProcess } from './app-metrics.ts';
import { bridgePorts, type MessagePortMain, type PortBridge, type Wire } from './message-ports.ts';

interface ForkOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
  readonly serviceName?: string;
  readonly stdio?: 'pipe' | 'ignore' | 'inherit' | readonly ('pipe' | 'ignore' | 'inherit')[];
}

const entry = pathToFileURL(join(import.meta.dirname, '..', 'utility-entry.ts')).href;

function stdioOf(stdio: ForkOptions['stdio'] = 'inherit'): StdioOptions {
  const [, out = 'inherit', err = 'inherit'] = typeof stdio === 'string' ? [stdio, stdio, stdio] : stdio;
  return ['ignore', out, err, 'ipc'];
}

class UtilityProcess extends StrictEmitter {
  readonly #child: ChildProcess;
  readonly #bridge: PortBridge;
  #lastPort = 0;
  constructor(file: string, args: readonly string[], options: ForkOptions) {
    super();
    const { env = process.env, cwd, execArgv = [], stdio, serviceName: name } = options;
    this.#child = fork(file, args, {
      execArgv: [...execArgv, '--import', entry],
      env,
      ...(cwd === undefined ? {} : { cwd }),
      serialization: 'advanced',
      stdio: stdioOf(stdio),
    });
    this.#bridge = bridgePorts((wire) => this.#send(wire));
    this.#child.on('spawn', () => {
      const { pid } = this.#child;
      if (pid !== undefined) noteProcess(this, { pid, type: 'Utility', ...(name === undefined ? {} : { name }) });
      this.emit('spawn');
    });
    this.#child.on('message', (wire: Wire) => {
      if (wire.op === 'message') this.emit('message', wire.message);
      else this.#bridge.hear(wire);
    });
    // A message could not be delivered. The exit event follows.
    this.#child.on('error', () => {});
    this.#child.on('exit', (code, signal) => {
      forgetProcess(this);
      this.#bridge.closeAll();
      this.emit('exit', code ?? (signal === null ? 0 : constants.signals[signal]));
    });
  }
  #send(wire: Wire): void {
    if (this.#child.connected) this.#child.send(wire);
  }
  get pid() {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }
  get stdout() {
    return this.#child.stdout;
  }
  get stderr() {
    return this.#child.stderr;
  }
  postMessage(message: unknown, transfer: readonly MessagePortMain[] = []) {
    const handed = transfer.map((port) => ({ number: ++this.#lastPort, port: port.__take() }));
    this.#send({ op: 'message', message, ports: handed.map(({ number }) => number) });
    for (const { number, port } of handed) this.#bridge.handOver(number, port);
  }
  kill() {
    return this.#child.kill();
  }
}

export const utilityProcess = strict('utilityProcess', {
  fork: (file: string, args: readonly string[] = [], options: ForkOptions = {}) =>
    new UtilityProcess(file, args, options),
});
