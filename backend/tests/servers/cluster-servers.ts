import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PrivateMariadb, startPrivateMariadb } from './private-mariadb.ts';
import { type PrivateMongo, startMongoForTests, startPrivateMongo } from './private-mongodb.ts';
import {
  type PrivateRabbit,
  type PrivateRabbitOptions,
  startPrivateRabbit,
  startRabbitForTests,
  type TestRabbit,
} from './private-rabbitmq.ts';

/** The servers of a cluster, as the environment of its services names them. */
export type ClusterEnvironment = Readonly<Record<'MYSQL_URL' | 'MONGODB_URL' | 'RABBITMQ_URL', string>>;

export interface ClusterServers extends AsyncDisposable {
  readonly environment: ClusterEnvironment;
}

/** Private servers, which a test can stop, kill and freeze. */
export interface PrivateServers extends ClusterServers {
  readonly mysql: PrivateMariadb;
  readonly mongo: PrivateMongo;
  readonly rabbit: PrivateRabbit;
}

const initScript = join(import.meta.dirname, '..', '..', 'deploy', 'mysql', 'init.sql');

/**
 * The servers that MYSQL_URL, MONGODB_URL and RABBITMQ_URL name, and a private one for each that is not named. With `rabbit`, that one is
 * used instead, and not disposed of.
 */
export async function startClusterServers(given: { readonly rabbit?: TestRabbit } = {}): Promise<ClusterServers> {
  await using started = new AsyncDisposableStack();
  const [mysqlUrl, mongo, rabbit] = await allOrNone([
    process.env['MYSQL_URL'] || startPrivateMariadb().then((server) => makeAuthDatabase(started.use(server))),
    startMongoForTests().then((server) => started.use(server)),
    given.rabbit ?? startRabbitForTests().then((server) => started.use(server)),
  ]);
  const environment = { MYSQL_URL: mysqlUrl, MONGODB_URL: mongo.url, RABBITMQ_URL: rabbit.url };
  const kept = started.move();
  return { environment, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export async function startPrivateServers(rabbitOptions: PrivateRabbitOptions = {}): Promise<PrivateServers> {
  await using started = new AsyncDisposableStack();
  const [mysql, mongo, rabbit] = await allOrNone([
    startPrivateMariadb().then((server) => started.use(server)),
    startPrivateMongo().then((server) => started.use(server)),
    startPrivateRabbit(rabbitOptions).then((server) => started.use(server)),
  ]);
  const mysqlUrl = await makeAuthDatabase(mysql);
  const environment = { MYSQL_URL: mysqlUrl, MONGODB_URL: mongo.url, RABBITMQ_URL: rabbit.url };
  const kept = started.move();
  return { mysql, mongo, rabbit, environment, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Also waits for the others if one fails: only a server that has started can be ended. */
async function allOrNone<const Starting extends readonly unknown[]>(
  starting: Starting,
): Promise<{ readonly [Index in keyof Starting]: Awaited<Starting[Index]> }> {
  await Promise.allSettled(starting);
  return await Promise.all(starting);
}

/** Makes the database and its account as an operator does. Returns the value of MYSQL_URL. */
async function makeAuthDatabase(server: PrivateMariadb): Promise<string> {
  const password = randomBytes(24).toString('hex');
  const administrator = await server.connect();
  try {
    await administrator.query(await readFile(initScript, 'utf8'));
    await administrator.query(`ALTER USER 'auth_user'@'%' IDENTIFIED BY '${password}' ACCOUNT UNLOCK`);
  } finally {
    await administrator.end();
  }
  return `mysql://auth_user:${password}@127.0.0.1:${server.port}/auth`;
}
