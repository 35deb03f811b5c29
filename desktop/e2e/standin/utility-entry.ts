// Loaded first into a forked utility process (--import): gives it `process.parentPort`.
import { EventEmitter } from 'node:events';
import { bridgePorts, type MessagePortMain, type Wire } from './api/message-ports.ts';

interface ParentMessage {
  readonly data: unknown;
  readonly ports: readonly MessagePortMain[];
}

const send = (wire: Wire): void => {
  if (process.connected) process.send?.(wire);
};
const bridge = bridgePorts(send);
const waiting: ParentMessage[] = [];
const parentPort = Object.assign(new EventEmitter(), {
  postMessage: (message: unknown) => send({ op: 'message', message, ports: [] }),
  start: () => {},
});

process.on('message', (wire: Wire) => {
  if (wire.op !== 'message') {
    bridge.hear(wire);
    return;
  }
  const message = { data: wire.message, ports: wire.ports.map((number) => bridge.receive(number)) };
  if (parentPort.listenerCount('message') > 0) parentPort.emit('message', message);
  else waiting.push(message);
});
parentPort.on('newListener', (event) => {
  if (event !== 'message') return;
  // This event comes before the listener is added.
  setImmediate(() => {
    for (const message of waiting.splice(0)) parentPort.emit('message', message);
  });
});
// Chromium ends its children at once when the browser process is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
Object.defineProperty(process, 'parentPort', { value: parentPort });
Object.defineProperty(process, 'type', { value: 'utility' });
