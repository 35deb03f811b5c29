import { StrictEmitter } from '../strict.ts';

export type InvokeHandler = (event: object, ...args: unknown[]) => unknown;

class IpcMain extends StrictEmitter {
  readonly __handlers = new Map<string, InvokeHandler>();
  handle(channel: string, handler: InvokeHandler) {
    if (this.__handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.__handlers.set(channel, handler);
  }
  handleOnce(channel: string, handler: InvokeHandler) {
    this.handle(channel, (...args) => {
      this.removeHandler(channel);
      return handler(...args);
    });
  }
  removeHandler(channel: string) {
    this.__handlers.delete(channel);
  }
}

export const ipcMain = new IpcMain();
