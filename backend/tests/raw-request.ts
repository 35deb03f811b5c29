import { connect, type Socket } from 'node:net';

/** A connection on which a test sends exactly the bytes that it wants, valid or not. */
export interface RawConnection {
  /** Resolves once the system has taken the bytes. Waits while the other side does not read. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Everything that was received so far. */
  received(): string;
  /** Everything that is received until the other side closes. */
  readonly closed: Promise<string>;
  /** Resolves once `pattern` was received. Rejects if the connection closes before that. */
  until(pattern: RegExp): Promise<string>;
  /** Closes the connection without sending anything. */
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
  // A reset is also a way of closing. What was received before it still counts.
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

/** Sends one request, and resolves with everything received until the connection closes. The caller must add `Connection: close`. */
export async function sendRaw(url: string, request: string | Uint8Array): Promise<string> {
  const connection = await openRaw(url);
  await connection.send(request).catch(() => undefined);
  return await connection.closed;
}
