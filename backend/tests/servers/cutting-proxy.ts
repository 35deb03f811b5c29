import { connect, createServer, type Socket } from 'node:net';
import { listenSomewhere } from '../running/listen-somewhere.ts';

/** Stands between a client and a server on this computer, and cuts their connections. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** The server hears the next request, but its answer is lost, and the connection is cut. */
  loseNextAnswer(): void;
}

export async function startCuttingProxy(serverPort: number): Promise<CuttingProxy> {
  let isArmed = false;
  const server = createServer((client: Socket) => {
    const upstream = connect(serverPort, '127.0.0.1');
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', cut).on('close', cut);
    client.pipe(upstream);
    upstream.on('data', (answer) => {
      if (!isArmed) {
        client.write(answer);
        return;
      }
      isArmed = false;
      cut();
    });
  });
  const { port, ...listening } = await listenSomewhere(server);
  return {
    port,
    loseNextAnswer() {
      isArmed = true;
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}
