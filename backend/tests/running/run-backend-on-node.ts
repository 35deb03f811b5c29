// Runs the backend process on plain Node, where process messages replace Electron's port.
import { EventEmitter } from 'node:events';

const early: unknown[] = [];
const port = Object.assign(new EventEmitter(), {
  postMessage(message: unknown) {
    if (process.connected) process.send?.(message);
  },
  start() {
    for (const data of early.splice(0)) port.emit('message', { data });
    process.off('message', keep).on('message', (data) => port.emit('message', { data }));
  },
  close() {},
});
process.on('disconnect', () => port.emit('close'));
const keep = (data: unknown): void => void early.push(data);
const parentPort = new EventEmitter();
Object.defineProperty(process, 'parentPort', { value: parentPort });
process.once('message', (data) => {
  process.on('message', keep);
  parentPort.emit('message', { data, ports: [port] });
});
await import('../../../desktop/main/local-backend/backend-process.ts');
