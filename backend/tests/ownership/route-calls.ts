import type { Route } from '../../http/routes.ts';

/** What an account owns, in a state that the call can act on. */
export type Thing = 'done' | 'queued' | 'cancelled' | 'unfinished upload' | 'notification';

/** How an owner calls a route. */
export interface RouteCall {
  /** What the call is about. Absent if it is about everything that the account owns. */
  readonly about?: Thing;
  /** `id` is the id of the thing. */
  readonly path: (id: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: (id: string) => string;
  /** The status for another account, and for an id that never existed. Defaults to 404. */
  readonly othersGet?: number;
  /** The method of the request, if it differs from that of the route. */
  readonly method?: string;
  /** The reason why a call without a token is not refused, if it is not. */
  readonly needsNoToken?: string;
}

const at = (path: string): Pick<RouteCall, 'path'> => ({ path: () => path });
const ofOne = (about: Thing, path: (id: string) => string): Pick<RouteCall, 'about' | 'path'> => ({ about, path });
const json = (body: (id: string) => unknown): Pick<RouteCall, 'headers' | 'body'> => ({
  headers: { 'Content-Type': 'application/json' },
  body: (id) => JSON.stringify(body(id)),
});
const form = {
  headers: { 'Content-Type': 'multipart/form-data; boundary=edge' },
  body: () => '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nvideo\r\n--edge--\r\n',
};
const tus = { 'Tus-Resumable': '1.0.0' };
const part = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' };
const socket = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Ng==',
};

const conversion = (id: string): string => `/api/v1/conversions/${id}`;
const upload = (id: string): string => `/api/v1/uploads/${id}`;

/** Every route that requires an account, by method and path. */
export const routeCalls: Readonly<Record<string, RouteCall>> = {
  'post /upload': { ...at('/upload'), ...form },
  'get /download': ofOne('done', (id) => `/download?fid=${id}`),
  'get /api/v1/conversions': at('/api/v1/conversions'),
  'post /api/v1/conversions/clear': at('/api/v1/conversions/clear'),
  'get /api/v1/conversions/:id': ofOne('done', conversion),
  'delete /api/v1/conversions/:id': ofOne('done', conversion),
  'post /api/v1/conversions/:id/cancel': ofOne('queued', (id) => `${conversion(id)}/cancel`),
  'post /api/v1/conversions/:id/retry': {
    ...ofOne('cancelled', (id) => `${conversion(id)}/retry`),
    ...json(() => ({})),
  },
  'get /api/v1/conversions/:id/file': ofOne('done', (id) => `${conversion(id)}/file`),
  'get /api/v1/notifications': at('/api/v1/notifications'),
  'post /api/v1/notifications/read': {
    ...ofOne('notification', () => '/api/v1/notifications/read'),
    ...json((id) => ({ ids: [id] })),
    // Ids of other accounts are ignored, like unknown ones.
    othersGet: 204,
  },
  'post /api/v1/uploads': { ...at('/api/v1/uploads'), headers: { ...tus, 'Upload-Length': '5' } },
  'head /api/v1/uploads/:id': { ...ofOne('unfinished upload', upload), headers: tus },
  'patch /api/v1/uploads/:id': { ...ofOne('unfinished upload', upload), headers: part, body: () => 'video' },
  'delete /api/v1/uploads/:id': { ...ofOne('unfinished upload', upload), headers: tus },
  'delete /api/v1/sessions': at('/api/v1/sessions'),
  'get /api/v1/me': at('/api/v1/me'),
  'patch /api/v1/me': { ...at('/api/v1/me'), ...json(() => ({ mail: false })) },
  'post /api/v1/me/confirm': { ...at('/api/v1/me/confirm'), ...json(() => ({ code: '12345678' })) },
  'post /api/v1/me/password': {
    ...at('/api/v1/me/password'),
    ...json(() => ({ old: 'a wrong password', new: 'another password' })),
  },
  'delete /api/v1/me': { ...at('/api/v1/me'), ...json(() => ({ password: 'a wrong password' })) },
  'get /api/v1/events': {
    ...at('/api/v1/events'),
    headers: socket,
    needsNoToken: 'a client that cannot set a header sends the token in its first message',
  },
};

/** Every route that anyone may call, with the reason. Its answer is the same for all. */
export const openRoutes: Readonly<Record<string, string>> = {
  'get /healthz': 'monitoring has no account',
  'get /readyz': 'monitoring has no account',
  'get /api/v1/server': 'a client reads it before it has an account',
  'get /api/v1/openapi.json': 'the same for all',
  'get /open/b/:batchId': 'a static page for the links in mails',
  'options /api/v1/uploads': 'the features of the upload protocol, the same for all',
  'options /api/v1/uploads/:id': 'the features of the upload protocol, the same for all',
  'post /login': 'signs in with a password',
  'post /api/v1/sessions': 'signs in with a password',
  'post /api/v1/sessions/refresh': 'stays signed in with a refresh token',
  'post /api/v1/accounts': 'creates an account',
  'post /api/v1/accounts/reset': 'for people who forgot their password',
  'post /api/v1/accounts/reset/confirm': 'for people who forgot their password, with a mailed code',
};

/** Routes that may be called with POST and an override, for clients that lack other methods. */
const byOverride = ['head /api/v1/uploads/:id', 'patch /api/v1/uploads/:id', 'delete /api/v1/uploads/:id'] as const;

/** The calls with an override, by the name of the route. */
export const overrideCalls: Readonly<Record<string, RouteCall>> = Object.fromEntries(
  byOverride.map((name): [string, RouteCall] => {
    const [method = ''] = name.split(' ');
    const call = routeCalls[name];
    if (call === undefined) throw new Error(`unknown route: ${name}`);
    return [
      name,
      { ...call, method: 'post', headers: { ...call.headers, 'X-HTTP-Method-Override': method.toUpperCase() } },
    ];
  }),
);

export function nameOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${method} ${path}`;
}
