import { strict } from '../strict.ts';

type Handler = (request: Request) => Response | Promise<Response>;

const handlers = new Map<string, Handler>();
const privileged = new Set<string>();

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged: (schemes: readonly { readonly scheme: string }[]) => {
    for (const { scheme } of schemes) privileged.add(scheme);
  },
  handle: (scheme: string, handler: Handler) => {
    if (handlers.has(scheme)) throw new Error(`The scheme has been registered: ${scheme}`);
    handlers.set(scheme, handler);
  },
  unhandle: (scheme: string) => void handlers.delete(scheme),
  isProtocolHandled: (scheme: string) => handlers.has(scheme),
});

export const customSchemes = (): readonly string[] => [...new Set([...privileged, ...handlers.keys()])];

/**
 * A custom scheme cannot be taught to Chromium from outside: navigating to it ends before any interception. So
 * scheme://host/path is served, intercepted, as https://host.scheme.localhost/path: a secure origin, too, of another name.
 */
export function disguise(url: string): string {
  const [, scheme = '', host, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
  return customSchemes().includes(scheme) ? `https://${host || 'x'}.${scheme}.localhost${rest || '/'}` : url;
}

export function undisguise(url: string): string {
  const [, host, scheme = '', rest] = /^https:\/\/(.*)\.([^.]+)\.localhost(.*)$/.exec(url) ?? [];
  return customSchemes().includes(scheme) ? `${scheme}://${host}${rest}` : url;
}

/** Lets the page have from its disguised address what its policy lets it have from the custom scheme. */
export function disguisePolicy(html: string): string {
  return customSchemes().reduce(
    (text, scheme) => text.replaceAll(`${scheme}:`, `${scheme}: https://*.${scheme}.localhost`),
    html,
  );
}

/** What the app answers to a disguised request; undefined when the scheme is not handled. */
export async function answerCustomScheme(request: Request): Promise<Response | undefined> {
  const url = undisguise(request.url);
  const handler = handlers.get(url.slice(0, url.indexOf(':')));
  if (handler === undefined) return undefined;
  const { method, headers } = request;
  // A request of a custom scheme: `Request` keeps what its address says.
  return await handler(
    new Request(url, {
      method,
      headers,
      body: request.body,
      ...(request.body ? { duplex: 'half' } : {}),
    } as RequestInit),
  );
}
