import { connect, type Socket } from 'node:net';

/** A connection on which a test says exactly what it wants to, well-formed or not. */
export interface RawConnection {
  /** Resolves once the bytes are handed to the system; waits while the other side takes nothing. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Everything that has come so far. */
  received(): string;
  /** Everything that comes until the other side closes. */
  readonly closed: Promise<string>;
  /** Resolves once `pattern` has come. Rejects when the connection closes before. */
  until(pattern: RegExp): Promise<string>;
  /** Goes away without a word. */
  destroy(): void;
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname.replaceAll(/[[\]]/g, ''));
  const { promise: closed, resolve: close } = Promise.withResolvers<string>();
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  // A reset is one way of closing; what had come until then is what counts.
  socket.on('error', () => undefined);
  socket.on('close', () => close(text));
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    received: () => text,
    closed,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`closed without ${pattern}: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return text;
    },
    destroy: () => socket.destroy(),
  };
}

/** Sends one request and gives all that comes back until the connection closes. `Connection: close` is the caller's to add. */
export async function sendRaw(url: string, request: string | Uint8Array): Promise<string> {
  const connection = await openRaw(url);
  await connection.send(request).catch(() => undefined);
  return await connection.closed;
}
