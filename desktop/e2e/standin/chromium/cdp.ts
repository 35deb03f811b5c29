// The Chrome DevTools protocol over Node's own WebSocket, with flattened sessions. Playwright's types say what is in it.
import { EventEmitter } from 'node:events';
import type { CDPSession } from '@playwright/test';

/** A target's own session. */
export type CdpSession = Pick<CDPSession, 'send' | 'on'>;

/** The connection to a browser. */
export interface Cdp extends CdpSession {
  attach(targetId: string): Promise<CdpSession>;
  onDisconnected(listener: () => void): void;
}

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: object;
  readonly result?: object;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly method: string;
  readonly resolve: (result: object) => void;
  readonly reject: (error: Error) => void;
}

export async function connectCdp(url: string): Promise<Cdp> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, Waiting>();
  const emitters = new Map<string | undefined, EventEmitter>();
  const gone = new EventEmitter();
  let lastId = 0;

  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`cannot connect to ${url}`)));
  });
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id === undefined) {
      emitters.get(answer.sessionId)?.emit(answer.method ?? '', answer.params);
      return;
    }
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error) asked?.reject(new Error(`${asked.method}: ${answer.error.message}`));
    else asked?.resolve(answer.result ?? {});
  });
  socket.addEventListener('close', () => {
    for (const { method, reject } of waiting.values()) reject(new Error(`${method}: Chromium went away`));
    waiting.clear();
    gone.emit('disconnected');
  });

  const session = (sessionId: string | undefined): CdpSession => {
    const emitter = new EventEmitter();
    emitters.set(sessionId, emitter);
    const send = (method: string, params: object = {}): Promise<object> =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { method, resolve, reject });
        socket.send(JSON.stringify({ id, method, params, sessionId }));
      });
    return { send, on: emitter.on.bind(emitter) } as unknown as CdpSession;
  };
  const browser = session(undefined);
  return {
    ...browser,
    async attach(targetId) {
      const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
      return session(sessionId);
    },
    onDisconnected: (listener) => void gone.on('disconnected', listener),
  };
}
