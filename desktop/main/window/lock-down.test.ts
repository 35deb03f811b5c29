import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { lockDown, pagePreferences } from './lock-down.ts';

function locked() {
  const app = new EventEmitter();
  const session = Object.assign(new EventEmitter(), {
    request: undefined as unknown as (
      contents: unknown,
      permission: string,
      answer: (granted: boolean) => void,
    ) => void,
    check: undefined as unknown as () => boolean,
    device: undefined as unknown as () => boolean,
    load: undefined as unknown as (details: { url: string }, answer: (response: object) => void) => void,
    webRequest: {
      onBeforeRequest(listener: never) {
        session.load = listener;
      },
    },
    setPermissionRequestHandler(handler: never) {
      session.request = handler;
    },
    setPermissionCheckHandler(handler: never) {
      session.check = handler;
    },
    setDevicePermissionHandler(handler: never) {
      session.device = handler;
    },
  });
  lockDown({ app, session, origin: { pageFolder: '/opt/Soundlift/renderer' } } as never);
  const contents = Object.assign(new EventEmitter(), {
    open: undefined as unknown as (details: { url: string }) => { action: string },
    setWindowOpenHandler(handler: never) {
      contents.open = handler;
    },
  });
  app.emit('web-contents-created', {}, contents);
  return { session, contents };
}

it.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])(
  'the app prevents what a page wants with %s',
  (event) => {
    let isPrevented = false;
    locked().contents.emit(event, { preventDefault: () => void (isPrevented = true) }, 'https://example.org');
    expect(isPrevented).toBe(true);
  },
);

it('no page opens a window, whatever its address', () => {
  const { contents } = locked();
  for (const url of ['https://example.org', 'file:///etc/passwd', 'soundlift://b/1']) {
    expect(contents.open({ url })).toEqual({ action: 'deny' });
  }
});

it('no permission is granted, whether it is requested or queried', () => {
  const { session } = locked();
  const answers: boolean[] = [];
  for (const permission of ['media', 'notifications', 'geolocation', 'openExternal', 'clipboard-read', 'fullscreen']) {
    session.request({}, permission, (granted) => void answers.push(granted));
  }
  expect(new Set(answers)).toEqual(new Set([false]));
  expect([session.check(), session.device()]).toEqual([false, false]);
});

it('nothing is downloaded', () => {
  let isPrevented = false;
  locked().session.emit('will-download', { preventDefault: () => void (isPrevented = true) });
  expect(isPrevented).toBe(true);
});

it('only the page’s own files are loaded', () => {
  const answers: object[] = [];
  for (const url of ['file:///opt/Soundlift/renderer/index.html', 'file:///etc/passwd', 'https://example.org/']) {
    locked().session.load({ url }, (answer) => void answers.push(answer));
  }
  expect(answers).toEqual([{ cancel: false }, { cancel: true }, { cancel: true }]);
});

it('the page has no more rights than a page of the web', () => {
  expect(pagePreferences).toEqual({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  });
});
