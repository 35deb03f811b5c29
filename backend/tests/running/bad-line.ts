import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface BadLineOptions {
  /** The server's address. It is read for each connection, since a restarted server has another address. */
  readonly target: () => string;
  /** The total rate of all connections from the clients. */
  readonly bytesPerSecond?: number;
  /** The delay in both directions. */
  readonly delayMilliseconds?: number;
  /** Called for each connection: the number of bytes from its client after which it is reset. */
  readonly resetAfterBytes?: () => number;
}

/** A connection between clients and a server that has delay, limited bandwidth, and resets. */
export interface BadLine extends AsyncDisposable {
  /** The address for clients, without a trailing slash. */
  readonly url: string;
  /** Bytes that clients have sent to the server so far, heads of requests included. */
  readonly sentBytes: number;
  /** The number of connections so far. */
  readonly connections: number;
  /** Whether a connection is open, on either side of the line. */
  readonly isOpen: boolean;
  /** While true, new connections are refused. */
  down: boolean;
  /** While true, the server's answers are dropped. */
  deaf: boolean;
  /** While true, the server's answers wait, and soon the server cannot send any more. */
  stalled: boolean;
  /** While set, nothing is answered on a connection after its client has sent this. */
  deafTo: string | undefined;
  /** The number of connections so far whose client has sent what `deafTo` was. */
  readonly deafened: number;
  /**
   * From now on, each connection carries this many bytes from its client and then stops, until the line is released.
   */
  hold(bytes: number): void;
  release(): void;
  /** Resets all connections. */
  cut(): void;
}

export async function openBadLine(options: BadLineOptions): Promise<BadLine> {
  const { target, bytesPerSecond = Infinity, delayMilliseconds = 0, resetAfterBytes = () => Infinity } = options;
  const open = new Set<Socket>();
  let sentBytes = 0;
  let connections = 0;
  let holdsAfterBytes = Infinity;
  /** Bytes from each client since the last hold. */
  let carriedSinceHold = new WeakMap<Socket, number>();
  const deafened = new WeakSet<Socket>();
  let deafenedCount = 0;
  const sinceHold = (client: Socket): number => carriedSinceHold.get(client) ?? 0;
  /** The time when the line is free again, as of `performance.now()`. */
  let freeAt = 0;

  /** Waits until the line can carry these bytes. */
  async function carry(bytes: number): Promise<void> {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes / bytesPerSecond) * 1000;
    if (freeAt > now) await delay(freeAt - now);
  }

  const server = createServer((client) => {
    connections += 1;
    if (line.down) {
      client.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(target());
    const upstream = connect(Number(port), hostname);
    const both = [client, upstream];
    function reset(): void {
      for (const socket of both) socket.resetAndDestroy();
    }
    for (const socket of both) {
      open.add(socket);
      // A reset of one side is passed on to the other. Its reason does not matter here.
      socket.on('error', reset).on('close', () => {
        open.delete(socket);
        reset();
      });
    }
    void forward(client, upstream, reset, resetAfterBytes());
    void answer(upstream, client, reset);
  });

  async function forward(client: Socket, upstream: Socket, reset: () => void, limit: number): Promise<void> {
    let left = limit;
    try {
      const chunks: AsyncIterable<Buffer> = client.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) {
        const piece = chunk.subarray(0, left);
        if (line.deafTo !== undefined && piece.includes(line.deafTo) && !deafened.has(client)) {
          deafened.add(client);
          deafenedCount += 1;
        }
        left -= piece.byteLength;
        while (sinceHold(client) >= holdsAfterBytes && !client.destroyed) await delay(10);
        await carry(piece.byteLength);
        sentBytes += piece.byteLength;
        carriedSinceHold.set(client, sinceHold(client) + piece.byteLength);
        if (delayMilliseconds > 0) setTimeout(() => upstream.write(piece), delayMilliseconds);
        else if (!upstream.write(piece)) await once(upstream, 'drain');
        if (left <= 0) return reset();
      }
      setTimeout(() => upstream.end(), delayMilliseconds);
    } catch {
      reset();
    }
  }

  async function answer(upstream: Socket, client: Socket, reset: () => void): Promise<void> {
    try {
      for await (const chunk of upstream.iterator({ destroyOnReturn: false })) {
        if (line.deaf || deafened.has(client)) continue;
        while (line.stalled && !client.destroyed) await delay(10);
        if (delayMilliseconds > 0) setTimeout(() => client.write(chunk), delayMilliseconds);
        else if (!client.write(chunk)) await once(client, 'drain');
      }
      setTimeout(() => client.end(), delayMilliseconds);
    } catch {
      reset();
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const line: BadLine = {
    url: `http://127.0.0.1:${port}`,
    down: false,
    deaf: false,
    stalled: false,
    deafTo: undefined,
    get deafened() {
      return deafenedCount;
    },
    get sentBytes() {
      return sentBytes;
    },
    get connections() {
      return connections;
    },
    get isOpen() {
      return open.size > 0;
    },
    hold(bytes) {
      carriedSinceHold = new WeakMap();
      holdsAfterBytes = bytes;
    },
    release() {
      holdsAfterBytes = Infinity;
    },
    cut() {
      for (const socket of open) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      line.cut();
      server.close();
      await once(server, 'close');
    },
  };
  return line;
}
