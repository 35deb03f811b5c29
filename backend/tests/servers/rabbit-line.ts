import { type Logger, pino } from 'pino';
import { openRabbitConnection, type RabbitUser } from '../../adapters/cluster/rabbit-connection.ts';
import { parseRabbitUrl } from '../../adapters/cluster/rabbit-url.ts';
import { type BadLine, openBadLine } from '../running/bad-line.ts';

export interface ConnectedUser extends AsyncDisposable {
  readonly line: BadLine;
}

/** Connects a queue or a bus to RabbitMQ over a line of its own, as one process. Disposing of it closes the connection alone. */
export async function connectOverLine(
  url: string,
  user: RabbitUser,
  log: Logger = pino({ level: 'silent' }),
): Promise<ConnectedUser> {
  const address = parseRabbitUrl(url);
  const line = await openBadLine({ target: () => `http://${address.hostname}:${address.port}` });
  const reached = { ...address, hostname: '127.0.0.1', port: Number(new URL(line.url).port) };
  const connection = await openRabbitConnection({ address: reached, name: 'a test', log, users: [user] });
  await connection.firstAttempt;
  return {
    line,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await line[Symbol.asyncDispose]();
    },
  };
}
