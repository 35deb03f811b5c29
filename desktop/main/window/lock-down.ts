import type { App, Event, Session, WebContents, WebPreferences } from 'electron';
import { isOwnAddress, type PageOrigin } from './own-addresses.ts';

/** The page gets no more rights than a page of the web, and less. */
export const pagePreferences = {
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
  // The spell checker would download dictionaries.
  spellcheck: false,
} as const satisfies WebPreferences;

export interface LockDown {
  readonly app: Pick<App, 'on'>;
  readonly session: Pick<
    Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler' | 'on'
  > & { readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> };
  readonly origin: PageOrigin;
}

/** For every page, now and later: no permissions, downloads, foreign files, navigation, new windows or guests. */
export function lockDown({ app, session, origin }: LockDown): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isOwnAddress(url, origin) }));
  app.on('web-contents-created', (_event, contents) => lockContents(contents));
}

function lockContents(contents: WebContents): void {
  const refuse = (event: Pick<Event, 'preventDefault'>): void => event.preventDefault();
  contents.on('will-navigate', refuse);
  contents.on('will-frame-navigate', refuse);
  contents.on('will-redirect', refuse);
  contents.on('will-attach-webview', refuse);
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
