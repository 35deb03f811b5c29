import { StrictEmitter, strict } from '../strict.ts';

type RequestListener = (details: { url: string }, answer: (response: { cancel?: boolean }) => void) => void;

/** Handlers are kept for tests to call: Chromium asks the stand-in for no permissions. */
class Session extends StrictEmitter {
  __permissionRequestHandler: unknown = null;
  __permissionCheckHandler: unknown = null;
  __devicePermissionHandler: unknown = null;
  __onBeforeRequest: RequestListener | null = null;
  readonly webRequest = strict('webRequest', {
    onBeforeRequest: (...args: unknown[]) => {
      this.__onBeforeRequest = args.at(-1) as RequestListener | null;
    },
    onHeadersReceived: (..._args: unknown[]) => {},
    onBeforeSendHeaders: (..._args: unknown[]) => {},
  });
  setPermissionRequestHandler(handler: unknown) {
    this.__permissionRequestHandler = handler;
  }
  setPermissionCheckHandler(handler: unknown) {
    this.__permissionCheckHandler = handler;
  }
  setDevicePermissionHandler(handler: unknown) {
    this.__devicePermissionHandler = handler;
  }
  setDisplayMediaRequestHandler(_handler: unknown) {}
  setSpellCheckerEnabled(_enabled: boolean) {}
  setSpellCheckerLanguages(_languages: readonly string[]) {}
  async clearCache() {}
  async clearStorageData(_options?: object) {}
}

export const session = strict('session', {
  defaultSession: new Session(),
  fromPartition: (_partition: string) => new Session(),
});
