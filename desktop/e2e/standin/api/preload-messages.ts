import type { CDPSession } from '@playwright/test';
import { preloadWorld } from '../chromium/injected-scripts.ts';
import { type Json, structuredCodec } from '../page/codec.ts';
import type { FromPreload, ToPreload } from '../page/preload-side.ts';
import { ipcMain } from './ipc-main.ts';
import { Menu } from './menu.ts';

/** The `WebContents` whose messages these are. */
interface Contents {
  readonly mainFrame: object;
  isFocused(): boolean;
  send(channel: string, ...args: unknown[]): void;
  __askToOpen(url: string): void;
}

/** The messages between the app and a page's preload script. */
export interface PreloadMessages {
  /** Does nothing if there is no document. */
  send(message: ToPreload): void;
  /** Runs a script in the page's own world. Does nothing if there is no document. */
  evaluateInPage(expression: string): Promise<void>;
  /** The document is gone. */
  forget(): void;
}

const { enc, dec } = structuredCodec();

/** Passes messages on until the page is closed. `targetId` is the page's. */
export function exchangeMessages(page: CDPSession, targetId: string, contents: Contents): PreloadMessages {
  let preloadContext: number | undefined;
  let pageContext: number | undefined;

  page.on('Runtime.executionContextCreated', ({ context }) => {
    const { frameId, isDefault } = context.auxData as { frameId?: string; isDefault?: boolean };
    if (frameId !== targetId) return;
    if (context.name === preloadWorld) preloadContext = context.id;
    else if (isDefault) pageContext = context.id;
  });
  page.on('Runtime.executionContextDestroyed', ({ executionContextId }) => {
    if (executionContextId === preloadContext) preloadContext = undefined;
  });
  page.on('Runtime.bindingCalled', ({ name, executionContextId, payload }) => {
    if (name !== '__standinSend' || executionContextId !== preloadContext) return;
    void receive(JSON.parse(payload) as FromPreload);
  });
  page.on('Debugger.paused', ({ callFrames }) => void answerSync(callFrames[0]));

  function eventWith<Extra extends object>(extra: Extra) {
    return {
      sender: contents,
      senderFrame: contents.mainFrame,
      frameId: 1,
      processId: 1,
      reply: (channel: string, ...args: unknown[]) => contents.send(channel, ...args),
      ...extra,
    };
  }

  async function receive(message: FromPreload): Promise<void> {
    switch (message.op) {
      case 'key':
        if (contents.isFocused()) Menu.getApplicationMenu()?.__press(message.input);
        return;
      case 'send':
        ipcMain.emit(message.channel, eventWith({}), ...(dec(message.args) as unknown[]));
        return;
      case 'invoke':
        send(await invoke(message.id, message.channel, dec(message.args) as unknown[]));
    }
  }

  async function invoke(id: number, channel: string, args: readonly unknown[]): Promise<ToPreload> {
    try {
      const handler = ipcMain.__handlers.get(channel);
      if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
      return { op: 'reply', id, value: enc(await handler(eventWith({}), ...args)) };
    } catch (error) {
      return { op: 'reply', id, error: String(error) };
    }
  }

  function send(message: ToPreload): void {
    void evaluateIn(preloadContext, `__standinReceive(${JSON.stringify(JSON.stringify(message))})`);
  }

  async function evaluateIn(contextId: number | undefined, expression: string): Promise<void> {
    if (contextId === undefined) return;
    // The document may have gone.
    await page.send('Runtime.evaluate', { contextId, expression }).catch(() => {});
  }

  /** A page has paused to ask something: see `__standinSync` in the injected scripts. */
  async function answerSync(
    frame: { readonly functionName: string; readonly callFrameId: string } | undefined,
  ): Promise<void> {
    try {
      if (frame?.functionName !== '__standinSync') return;
      const { callFrameId } = frame;
      const textOf = async (expression: string): Promise<string> => {
        const read = { callFrameId, expression, returnByValue: true };
        return String((await page.send('Debugger.evaluateOnCallFrame', read)).result.value);
      };
      const pathOfFile = async (): Promise<string> => {
        const { result } = await page.send('Debugger.evaluateOnCallFrame', { callFrameId, expression: 'ask.file' });
        return (await page.send('DOM.getFileInfo', { objectId: result.objectId ?? '' })).path;
      };
      const sendSync = async (): Promise<string> => {
        const { channel, args } = JSON.parse(await textOf('ask.text')) as { channel: string; args: Json };
        const event = eventWith<{ returnValue: unknown }>({ returnValue: undefined });
        ipcMain.emit(channel, event, ...(dec(args) as unknown[]));
        return JSON.stringify(enc(event.returnValue));
      };
      const open = async (): Promise<string> => {
        contents.__askToOpen(await textOf('ask.url'));
        return '';
      };
      const answers: Readonly<Record<string, () => Promise<string>>> = { path: pathOfFile, sendSync, open };
      const answer = (await answers[await textOf('ask.op')]?.()) ?? '';
      await textOf(`answer = ${JSON.stringify(answer)}`);
    } catch (error) {
      process.stderr.write(`stand-in electron: a synchronous call failed: ${String(error)}\n`);
    } finally {
      // The page may have gone.
      await page.send('Debugger.resume').catch(() => {});
    }
  }

  return {
    send,
    evaluateInPage: (expression) => evaluateIn(pageContext, expression),
    forget() {
      preloadContext = undefined;
    },
  };
}
