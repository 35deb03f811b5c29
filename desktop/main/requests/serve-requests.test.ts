import type { IpcMainInvokeEvent, WebContents, WebFrameMain } from 'electron';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { type RequestName, requestChannel, requestNames } from '../../ipc.ts';
import { isFromOwnPage } from './own-page.ts';
import { type RequestHandlers, serveRequests } from './serve-requests.ts';

type Listener = (event: IpcMainInvokeEvent, ...args: unknown[]) => unknown;

/** The part of an event that the handlers read. */
const event = {} as IpcMainInvokeEvent;

function serve(handlers: Partial<RequestHandlers>, isOurs: (event: IpcMainInvokeEvent) => boolean = () => true) {
  const served = new Map<string, Listener>();
  const defects: { error: unknown; name: RequestName }[] = [];
  serveRequests({
    ipcMain: { handle: (channel, listener) => void served.set(channel, listener) },
    handlers: handlers as RequestHandlers,
    isOurs,
    onDefect: (error, name) => defects.push({ error, name }),
  });
  const ask = async (name: RequestName, ...args: unknown[]): Promise<unknown> =>
    await served.get(requestChannel(name))?.(event, ...args);
  return { served, defects, ask };
}

describe('the requests of the renderer', () => {
  test('are all handled, each on its own channel', () => {
    expect([...serve({}).served.keys()].toSorted()).toEqual(requestNames.map(requestChannel).toSorted());
  });

  test('reach their handler with parsed arguments, and return its answer', async () => {
    const asked: unknown[] = [];
    const { ask } = serve({
      peaks(id) {
        asked.push(id);
        return [1, 2, 3];
      },
    });
    expect(await ask('peaks', 'row-1')).toEqual([1, 2, 3]);
    expect(asked).toEqual(['row-1']);
  });

  test('are refused if they come from another page', async () => {
    let called = false;
    const { ask } = serve(
      {
        signOut() {
          called = true;
        },
      },
      () => false,
    );
    await expect(ask('signOut')).rejects.toThrow('refused');
    expect(called).toBe(false);
  });

  test.each<[RequestName, readonly unknown[]]>([
    ['cancel', []],
    ['cancel', [7]],
    ['cancel', ['']],
    ['cancel', ['a', 'b']],
    ['cancel', [{ toString: 'a' }]],
    ['addPaths', [['videos/relative.mp4']]],
    ['addPaths', [['/videos/\0.mp4']]],
    ['addPaths', ['/videos/one.mp4']],
    ['addPaths', [Array.from({ length: 100_001 }, () => '/a')]],
    ['chooseTrack', ['row', -1]],
    ['chooseTrack', ['row', 1.5]],
    ['history', [{ search: '', offset: 0, limit: 1_000_000 }]],
    ['history', [{ search: '', offset: 0, limit: 10, sql: 'drop' }]],
    ['changeSettings', [{ saveTo: '/etc' }]],
    ['changeSettings', [{ backend: { kind: 'here' } }]],
    ['changeSettings', [{ quality: { kind: 'custom', bitrateKbps: 7, mono: false } }]],
    ['changeSettings', [{ quality: { kind: 'custom', bitrateKbps: 128, quality: 2, mono: false } }]],
    ['changeSettings', [{ notify: undefined }]],
    ['signIn', [{ address: 'sound.example.org', email: 'you@example.org' }]],
    ['signIn', [{ address: 'a'.repeat(3000), email: '', password: '' }]],
    ['copyText', ['x'.repeat(100_001)]],
    ['state', ['more']],
  ])('are refused with arguments that do not fit: %s', async (name, args) => {
    let called = false;
    const { ask } = serve({
      [name]() {
        called = true;
      },
    });
    await expect(ask(name, ...args)).rejects.toThrow(`refused: ${name}`);
    expect(called).toBe(false);
  });

  test('that fail are logged with the reason, which the renderer does not get', async () => {
    const error = new AppError('internal', 'secret words', { cause: new Error('/home/somebody/video.mp4') });
    const { ask, defects } = serve({
      tryNow() {
        throw error;
      },
    });
    await expect(ask('tryNow')).rejects.toThrow(/^tryNow failed$/);
    expect(defects).toEqual([{ error, name: 'tryNow' }]);
  });
});

describe('the app’s own page', () => {
  const page = 'file:///opt/Soundlift/resources/app.asar/dist/renderer/index.html';
  const frameOf = (url: string) => ({ url }) as WebFrameMain;

  test.each([
    ['the page itself', `${page}?system=linux`, true],
    ['another file', 'file:///home/somebody/index.html', false],
    ['a page of the web', 'https://example.org/dist/renderer/index.html', false],
    ['a page that has the address behind its own', `https://example.org/#${page}`, false],
    ['no address', '', false],
  ])('is distinguished from %s', (_name, url, ours) => {
    const mainFrame = frameOf(url);
    const contents = { mainFrame } as WebContents;
    expect(isFromOwnPage({ senderFrame: mainFrame, sender: contents } as IpcMainInvokeEvent, contents, page)).toBe(
      ours,
    );
  });

  test('is not trusted if it is a frame, other web contents, or gone', () => {
    const mainFrame = frameOf(page);
    const contents = { mainFrame } as WebContents;
    const sent = (senderFrame: WebFrameMain | null, sender: WebContents): boolean =>
      isFromOwnPage({ senderFrame, sender } as IpcMainInvokeEvent, contents, page);
    expect(sent(frameOf(page), contents)).toBe(false);
    expect(sent(mainFrame, { mainFrame } as WebContents)).toBe(false);
    expect(sent(null, contents)).toBe(false);
    expect(isFromOwnPage({ senderFrame: mainFrame, sender: contents } as IpcMainInvokeEvent, undefined, page)).toBe(
      false,
    );
  });
});
