import { request as ask, createServer } from 'node:http';
import WebSocket, { WebSocketServer } from 'ws';
import { listenSomewhere } from '../../../backend/tests/running/listen-somewhere.ts';

/** A server that works like ours, but changes what it says in JSON. */
export interface HostileServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
}

export interface HostileServerOptions {
  /** Address of the server that does the work. */
  readonly target: string;
  /** Called with each field of the server's answer. Returns what to send instead. */
  readonly twist: (name: string, value: unknown) => unknown;
  /** Answers a request itself, with a status and a body. */
  readonly answer?: (path: string) => { readonly status: number; readonly body: object } | undefined;
}

export async function openHostileServer({ target, twist, answer }: HostileServerOptions): Promise<HostileServer> {
  const twisted = (text: string): string =>
    JSON.stringify(JSON.parse(text, (name, value: unknown) => twist(name, value)) as unknown);

  const server = createServer((request, response) => {
    const own = answer?.(request.url ?? '');
    if (own !== undefined) {
      request.resume();
      response.writeHead(own.status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(own.body));
      return;
    }
    const { host: _host, ...headers } = request.headers;
    const passed = ask(new URL(request.url ?? '', target), { method: request.method, headers }, (given) => {
      const { 'content-length': length, ...kept } = given.headers;
      if (!/\bjson\b/.test(given.headers['content-type'] ?? '')) {
        response.writeHead(given.statusCode ?? 500, given.headers);
        given.pipe(response);
        return;
      }
      const pieces: Buffer[] = [];
      given.on('data', (piece: Buffer) => pieces.push(piece));
      given.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        response.writeHead(given.statusCode ?? 500, kept).end(length === '0' ? text : twisted(text));
      });
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });

  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (near, { url = '', headers }) => {
    const address = new URL(url, target);
    address.protocol = 'ws:';
    const far = new WebSocket(address, { headers: { authorization: headers.authorization ?? '' } });
    far.on('message', (data: Buffer) => near.send(twisted(data.toString())));
    far.on('close', (code) => near.close(code < 1004 || code >= 3000 ? code : 1000));
    far.on('error', () => near.terminate());
    near.on('close', () => far.terminate());
  });
  const listening = await listenSomewhere(server);
  return {
    url: `http://127.0.0.1:${listening.port}`,
    async [Symbol.asyncDispose]() {
      sockets.close();
      await listening[Symbol.asyncDispose]();
    },
  };
}
