/**
 * Adds what a page in Chromium lacks: sounds of custom schemes, window.open that asks the app, and being hidden. The source of this
 * function is injected into the page's world, so it may use nothing from outside.
 */
export function pageSide(schemes: readonly string[]): void {
  function __standinSync(ask: object): string {
    let answer = '';
    void ask;
    // oxlint-disable-next-line no-debugger -- the host's debugger reads `ask` and assigns `answer`.
    debugger;
    return answer;
  }

  // Chromium learns no custom scheme from outside, so scheme://host/path becomes https://host.scheme.localhost/path.
  const disguise = (url: string): string => {
    const [, scheme = '', host = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
    return schemes.includes(scheme) ? `https://${host || 'x'}.${scheme}.localhost${rest || '/'}` : url;
  };
  const undisguise = (url: string): string => {
    const [, host, scheme = '', rest] = /^https:\/\/(.*)\.([^.]+)\.localhost(.*)$/.exec(url) ?? [];
    return schemes.includes(scheme) ? `${scheme}://${host}${rest}` : url;
  };
  const patchUrl = (prototype: object, name: string): void => {
    const { get, set } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: object): unknown {
        return undisguise(String(get?.call(this)));
      },
      ...(set === undefined
        ? {}
        : {
            set(this: object, url: unknown) {
              set.call(this, disguise(String(url)));
            },
          }),
    });
  };
  patchUrl(HTMLMediaElement.prototype, 'src');
  patchUrl(HTMLMediaElement.prototype, 'currentSrc');
  patchUrl(HTMLSourceElement.prototype, 'src');
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function (name: string, value: string) {
    const isSource =
      name.toLowerCase() === 'src' && (this instanceof HTMLMediaElement || this instanceof HTMLSourceElement);
    setAttribute.call(this, name, isSource ? disguise(String(value)) : value);
  };
  const { fetch } = window;
  window.fetch = (input, init) => fetch(typeof input === 'string' ? disguise(input) : input, init);

  // Electron asks the main process. The stand-in opens no window.
  window.open = (url) => {
    __standinSync({ op: 'open', url: new URL(String(url ?? 'about:blank'), document.baseURI).href });
    return null;
  };

  let hidden = false;
  Object.defineProperty(Document.prototype, 'visibilityState', {
    configurable: true,
    get: () => (hidden ? 'hidden' : 'visible'),
  });
  Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => hidden });
  window.addEventListener('standin:visibility', (event) => {
    event.stopImmediatePropagation();
    hidden = (event as CustomEvent<boolean>).detail;
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  });
}
