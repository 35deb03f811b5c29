import type { Expose } from './bridge.ts';
import type { Codec, Json } from './codec.ts';

/** Messages from the preload script's world to the host. */
export type FromPreload =
  | { readonly op: 'send'; readonly channel: string; readonly args: Json }
  | { readonly op: 'invoke'; readonly id: number; readonly channel: string; readonly args: Json }
  | { readonly op: 'key'; readonly input: KeyInput };

/** Messages from the host to that world. */
export type ToPreload =
  | { readonly op: 'reply'; readonly id: number; readonly value?: Json; readonly error?: string }
  | { readonly op: 'message'; readonly channel: string; readonly args: Json };

/** A pressed key and its modifiers, with the names of Electron's `Input`. */
export interface KeyInput {
  readonly key: string;
  readonly code: string;
  readonly control: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly meta: boolean;
}

/** A preload script, wrapped: `exports` is `module.exports`. */
export type PreloadScript = (
  require: (id: string) => unknown,
  module: { exports: unknown },
  exports: unknown,
  process: unknown,
  global: unknown,
) => void;

/**
 * Provides the API of a sandboxed preload script and runs the script. The source of this function is injected into the isolated world of
 * each document, so it may use nothing from outside.
 */
export function preloadSide({ enc, dec }: Codec, expose: Expose, info: object, preload: PreloadScript): void {
  type Listener = (event: object, ...args: unknown[]) => void;
  const world = globalThis as unknown as {
    __standinSend(text: string): void;
    __standinReceive(text: string): void;
  };
  const listeners = new Map<string, { readonly listener: Listener; readonly once: boolean }[]>();
  const invocations = new Map<number, PromiseWithResolvers<unknown> & { readonly channel: string }>();
  let nextInvocation = 1;
  const send = (message: FromPreload): void => world.__standinSend(JSON.stringify(message));
  /** A blocking question: this pauses, and the host's debugger reads `ask`, assigns `answer` and resumes. */
  function __standinSync(ask: object): string {
    // biome-ignore lint: the host assigns it.
    let answer = '';
    void ask;
    // oxlint-disable-next-line no-debugger -- it is the way to ask.
    debugger;
    return answer;
  }
  const of = (channel: string) => {
    const known = listeners.get(channel) ?? [];
    listeners.set(channel, known);
    return known;
  };

  const removeListener = (channel: string, listener: Listener) => {
    const known = of(channel);
    const index = known.findLastIndex((each) => each.listener === listener);
    if (index >= 0) known.splice(index, 1);
    return ipcRenderer;
  };
  const listen =
    (once: boolean) =>
    (channel: string, listener: Listener): object => {
      of(channel).push({ listener, once });
      return ipcRenderer;
    };
  const ipcRenderer = {
    send: (channel: string, ...args: unknown[]) => send({ op: 'send', channel, args: enc(args) }),
    sendSync: (channel: string, ...args: unknown[]) =>
      dec(JSON.parse(__standinSync({ op: 'sendSync', text: JSON.stringify({ channel, args: enc(args) }) })) as Json),
    invoke: (channel: string, ...args: unknown[]) => {
      const id = nextInvocation++;
      const settled = Promise.withResolvers<unknown>();
      invocations.set(id, { ...settled, channel });
      send({ op: 'invoke', id, channel, args: enc(args) });
      return settled.promise;
    },
    on: listen(false),
    addListener: listen(false),
    once: listen(true),
    removeListener,
    off: removeListener,
    removeAllListeners: (channel?: string) => {
      if (channel === undefined) listeners.clear();
      else listeners.delete(channel);
      return ipcRenderer;
    },
    listenerCount: (channel: string) => of(channel).length,
  };

  world.__standinReceive = (text) => {
    const message = JSON.parse(text) as ToPreload;
    if (message.op === 'reply') {
      const invocation = invocations.get(message.id);
      invocations.delete(message.id);
      if (message.error === undefined) invocation?.resolve(dec(message.value as Json));
      else invocation?.reject(new Error(`Error invoking remote method '${invocation.channel}': ${message.error}`));
      return;
    }
    for (const { listener, once } of [...of(message.channel)]) {
      if (once) removeListener(message.channel, listener);
      listener({ sender: ipcRenderer, senderId: 0, ports: [] }, ...(dec(message.args) as unknown[]));
    }
  };

  // A key that no listener of the page handles may be an accelerator of the menu.
  window.addEventListener(
    'keydown',
    (event) => {
      const { key, code, ctrlKey: control, shiftKey: shift, altKey: alt, metaKey: meta } = event;
      setTimeout(() => {
        if (!event.defaultPrevented) send({ op: 'key', input: { key, code, control, shift, alt, meta } });
      });
    },
    { capture: true },
  );

  const electron = {
    ipcRenderer,
    contextBridge: { exposeInMainWorld: expose },
    webUtils: {
      getPathForFile(file: unknown) {
        if (!(file instanceof File)) throw new TypeError('getPathForFile: not a File');
        return __standinSync({ op: 'path', file });
      },
    },
    webFrame: { setZoomFactor() {}, getZoomFactor: () => 1, setZoomLevel() {}, getZoomLevel: () => 0 },
  };
  const process = { ...info, type: 'renderer', contextIsolated: true, sandboxed: true, on() {}, once() {} };
  const require = (id: string): unknown => {
    if (['electron', 'electron/renderer', 'electron/common'].includes(id)) return electron;
    throw new Error(`module not found: ${id}`); // In the words of Electron's sandboxed preload scripts.
  };
  const module = { exports: {} };
  preload(require, module, module.exports, process, globalThis);
}
