import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { StrictEmitter } from '../strict.ts';

/** Messages between the two processes of a bridged port. The process that hands a port over numbers it. */
export type Wire =
  | { readonly op: 'message'; readonly message: unknown; readonly ports: readonly number[] }
  | { readonly op: 'port-message'; readonly port: number; readonly message: unknown }
  | { readonly op: 'port-close'; readonly port: number };

/** Messages wait until `start`. Both ends get `close`. */
export class MessagePortMain extends StrictEmitter {
  #port: MessagePort | undefined;
  #started = false;
  constructor(port: MessagePort) {
    super();
    this.#port = port;
    // A port without a listener must not keep the process alive.
    port.unref();
    port.on('close', () => {
      if (this.#port === undefined) return;
      this.#port = undefined;
      this.emit('close');
    });
  }
  start() {
    if (this.#started) return;
    this.#started = true;
    this.#port?.on('message', (data: unknown) => this.emit('message', { data, ports: [] }));
  }
  postMessage(message: unknown, transfer: readonly MessagePortMain[] = []) {
    if (transfer.length > 0) throw new Error('stand-in electron: a port that sends ports is not implemented');
    this.#port?.postMessage(message);
  }
  close() {
    this.#port?.close();
  }
  /** Gives the underlying port away. This one cannot be used afterwards. */
  __take(): MessagePort {
    const port = this.#port;
    if (port === undefined) throw new Error('Port at index 0 is already neutered');
    this.#port = undefined;
    return port;
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
  }
}

/** Connects ports that were handed over to another process with their local ends. */
export interface PortBridge {
  /** Connects a port that goes to the other process. */
  handOver(number: number, port: MessagePort): void;
  /** Makes the local end of a port that the other process has handed over. */
  receive(number: number): MessagePortMain;
  hear(wire: Wire): void;
  /** The other process has ended. */
  closeAll(): void;
}

export function bridgePorts(send: (wire: Wire) => void): PortBridge {
  const joined = new Map<number, MessagePort>();
  const handOver = (number: number, port: MessagePort): void => {
    joined.set(number, port);
    port.on('message', (message: unknown) => send({ op: 'port-message', port: number, message }));
    port.on('close', () => {
      if (joined.delete(number)) send({ op: 'port-close', port: number });
    });
  };
  return {
    handOver,
    receive(number) {
      const { port1, port2 } = new MessageChannel();
      handOver(number, port1);
      return new MessagePortMain(port2);
    },
    hear(wire) {
      if (wire.op === 'port-message') joined.get(wire.port)?.postMessage(wire.message);
      if (wire.op === 'port-close') {
        const port = joined.get(wire.port);
        joined.delete(wire.port);
        port?.close();
      }
    },
    closeAll() {
      const ports = [...joined.values()];
      joined.clear();
      for (const port of ports) port.close();
    },
  };
}
