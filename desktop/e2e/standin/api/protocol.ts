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
 * Chromium learns no custom scheme from outside: a navigation to one fails before it can be intercepted. So scheme://host/path is served
 * as https://host.scheme.localhost/path, which is a secure origin, too.
 */
export function disguise(url: string): string {
  const [, scheme = '', host, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
  return customSchemes().includes(scheme) ? `https://${host || 'x'}.${scheme}.localhost${rest || '/'}` : url;
}

export function undisguise(url: string): string {
  const [, host, scheme = '', rest] = /^https:\/\/(.*)\.([^.]+)\.localhost(.*)$/.exec(url) ?? [];
  return customSchemes().includes(scheme) ? `${scheme}://${host}${rest}` : url;
}

/** Extends the page's policy: what it allows from a custom scheme, it allows from the disguised address. */
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
  // `Request` keeps an address of a custom scheme as it is.
  return await handler(
    new Request(url, {
      method,
      headers,
      body: request.body,
      ...(request.body ? { duplex: 'half' } : {}),
    } as RequestInit),
  );
}
