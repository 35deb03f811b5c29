import type { Route } from '../../http/routes.ts';

/** What belongs to an account, in the state in which a call can do something to it. */
export type Thing = 'done' | 'queued' | 'cancelled' | 'unfinished upload' | 'notification';

/** How a route is called, as its owner would. */
export interface RouteCall {
  /** What it is about; left out for what is about all that is the account's. */
  readonly about?: Thing;
  /** `id` is the thing's. */
  readonly path: (id: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: (id: string) => string;
  /** Of an answer to someone else, and for what never was; 404 where it is left out. */
  readonly othersGet?: number;
  /** The method of the request, where it is not the route's own. */
  readonly method?: string;
  /** Where a call without any token is not refused. */
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

/** Every route that is for accounts, by method and path. */
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
    // The ids that are not one's own are passed over, as those that never were.
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
    needsNoToken: 'who cannot set a header sends the token as the first message',
  },
};

/** Every route that anyone may call, with the reason; what it answers is the same for all. */
export const openRoutes: Readonly<Record<string, string>> = {
  'get /healthz': 'whoever watches over the server has no account',
  'get /readyz': 'whoever watches over the server has no account',
  'get /api/v1/server': 'a client asks before it has an account',
  'get /api/v1/openapi.json': 'the same for all',
  'get /open/b/:batchId': 'a static page for the links in mails',
  'options /api/v1/uploads': 'what the upload protocol can do here, the same for all',
  'options /api/v1/uploads/:id': 'what the upload protocol can do here, the same for all',
  'post /login': 'signs in, with a password',
  'post /api/v1/sessions': 'signs in, with a password',
  'post /api/v1/sessions/refresh': 'stays signed in, with a refresh token',
  'post /api/v1/accounts': 'makes an account',
  'post /api/v1/accounts/reset': 'for who has forgotten the password',
  'post /api/v1/accounts/reset/confirm': 'for who has forgotten the password, with a mailed code',
};

/** Those that a client may call with POST, which knows no other method. */
const byOverride = ['head /api/v1/uploads/:id', 'patch /api/v1/uploads/:id', 'delete /api/v1/uploads/:id'] as const;

/** By the name of the route, and how it is called otherwise. */
export const overrideCalls: Readonly<Record<string, RouteCall>> = Object.fromEntries(
  byOverride.map((name): [string, RouteCall] => {
    const [method = ''] = name.split(' ');
    const call = routeCalls[name];
    if (call === undefined) throw new Error(`${name} is no route`);
    return [
      name,
      { ...call, method: 'post', headers: { ...call.headers, 'X-HTTP-Method-Override': method.toUpperCase() } },
    ];
  }),
);

export function nameOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${method} ${path}`;
}
