import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { AppError } from '../../../shared/errors.ts';
import type { MysqlAddress } from './mysql-address.ts';
import { isDeadlock, isServerError, translateMysqlError } from './mysql-errors.ts';

/** The most connections of one process. Each statement is short, so a few are enough. */
const maxConnections = 10;
/** How many calls may wait for a connection. During an outage they are many, and each is forgotten only when its turn comes. */
const maxWaiting = 5000;
/** A call is given up after this, with all its waits: for a connection, for locks, for other calls. */
const callSeconds = 5;
const connectSeconds = 3;
/** Less than a call has, so that the server does not carry out a statement that was given up. */
const lockSeconds = 3;
/** How long the connections may take to end in order. */
const endSeconds = 1;
/** The wait before a statement that met a deadlock is repeated is random, up to this. */
const maxDeadlockWaitMilliseconds = 50;

/** A statement that deletes more locks too much for too long. */
const deletedPortion = 500;

type DriverConnection = PoolConnection['connection'];
export type MysqlValue = string | number | boolean | null;
export type MysqlRow = Readonly<Record<string, unknown>>;

export interface MysqlChange {
  /** The rows that fit the condition, changed or not. */
  readonly rows: number;
  /** What the statement gave to LAST_INSERT_ID(), or 0. */
  readonly told: number;
}

/** Runs a statement with its parameters and returns the rows. */
export type Ask = (sql: string, ...values: readonly MysqlValue[]) => Promise<readonly MysqlRow[]>;
/** Runs a statement that changes something. */
export type Change = (sql: string, ...values: readonly MysqlValue[]) => Promise<MysqlChange>;

export interface MysqlSession {
  readonly ask: Ask;
  readonly change: Change;
}

/**
 * A MySQL or MariaDB database. Each statement is a transaction of its own, so no lock waits for a process of ours.
 *
 * Both functions throw `taken` if a unique key exists, and `unavailable` if the server does not answer within seconds. A statement
 * that ends in `unavailable` is not repeated: the server may have carried it out, and may still do so. One that met a deadlock was
 * taken back, and is repeated.
 */
export interface MysqlDatabase extends MysqlSession, AsyncDisposable {
  /** Runs all of `work` on one connection. Errors are translated. Nothing is repeated. */
  inSession<Result>(seconds: number, work: (session: MysqlSession) => Promise<Result>): Promise<Result>;
}

/** Connects at the first statement. */
export function connectMysql(address: MysqlAddress): MysqlDatabase {
  const pool = createPool({
    ...address,
    connectionLimit: maxConnections,
    queueLimit: maxWaiting,
    connectTimeout: connectSeconds * 1000,
    // A machine that has vanished is noticed within half a minute.
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4',
  });
  /** The connections that are set up. */
  const connections = new Set<DriverConnection>();

  /** Makes the server behave the same, whatever its own settings are. */
  async function setUp(connection: PoolConnection): Promise<void> {
    const driven = connection.connection;
    if (connections.has(driven)) return;
    // One in the pool may fail at any time. The pool then removes it by itself.
    driven.on('error', () => connections.delete(driven));
    driven.once('end', () => connections.delete(driven));
    await connection.query(
      `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = ${lockSeconds}`,
    );
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    connections.add(driven);
  }

  /** Ends a connection at once. The driver alone would wait for the server to close it, too. */
  function cut(driven: DriverConnection): void {
    connections.delete(driven);
    driven.destroy();
    if ('stream' in driven && driven.stream instanceof Socket) driven.stream.destroy();
  }

  async function onConnection<Result>(
    milliseconds: number,
    work: (connection: PoolConnection) => Promise<Result>,
  ): Promise<Result> {
    const end = performance.now() + milliseconds;
    const connection = await inTime(milliseconds, pool.getConnection(), (late) => late.release());
    try {
      const worked = setUp(connection).then(() => work(connection));
      const result = await inTime(end - performance.now(), worked);
      connection.release();
      return result;
    } catch (error) {
      if (isServerError(error)) connection.release();
      else cut(connection.connection);
      throw error;
    }
  }

  async function execute<Result>(work: (connection: PoolConnection) => Promise<Result>): Promise<Result> {
    const end = performance.now() + callSeconds * 1000;
    for (;;) {
      try {
        return await onConnection(end - performance.now(), work);
      } catch (error) {
        if (!isDeadlock(error) || performance.now() > end) throw translateMysqlError(error);
        await delay(Math.random() * maxDeadlockWaitMilliseconds);
      }
    }
  }

  return {
    ask: (sql, ...values) => execute((connection) => ask(connection, sql, values)),
    change: (sql, ...values) => execute((connection) => change(connection, sql, values)),

    async inSession(seconds, work) {
      try {
        return await onConnection(seconds * 1000, (connection) =>
          work({
            ask: (sql, ...values) => ask(connection, sql, values),
            change: (sql, ...values) => change(connection, sql, values),
          }),
        );
      } catch (error) {
        throw translateMysqlError(error);
      }
    },

    async [Symbol.asyncDispose]() {
      await inTime(endSeconds * 1000, pool.end()).catch(() => undefined);
      for (const connection of connections) cut(connection);
    },
  };
}

async function ask(
  connection: PoolConnection,
  sql: string,
  values: readonly MysqlValue[],
): Promise<readonly MysqlRow[]> {
  const [rows] = await connection.execute<RowDataPacket[]>(sql, [...values]);
  return rows;
}

async function change(connection: PoolConnection, sql: string, values: readonly MysqlValue[]): Promise<MysqlChange> {
  const [header] = await connection.execute<ResultSetHeader>(sql, [...values]);
  return { rows: header.affectedRows, told: header.insertId };
}

/** Deletes all rows that fit. `rows` is what follows DELETE FROM, with an order, so that processes meet fewer deadlocks. */
export async function deleteInPortions(change: Change, rows: string, ...values: readonly MysqlValue[]): Promise<void> {
  for (;;) {
    const deleted = await change(`DELETE FROM ${rows} LIMIT ${deletedPortion}`, ...values);
    if (deleted.rows < deletedPortion) return;
  }
}

/** The text in a column. The driver returns the bytes of a VARBINARY. */
export function textOf(row: MysqlRow, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  throw new Error(`the column ${column} holds no text`);
}

/** Rejects with `unavailable` if `promise` takes longer. Then, a result that still comes is given to `late`. */
async function inTime<Result>(
  milliseconds: number,
  promise: Promise<Result>,
  late?: (result: Result) => void,
): Promise<Result> {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      reject(new AppError('unavailable', 'The database did not answer in time.'));
    }, milliseconds);
  });
  promise.then(
    (result) => {
      if (isOver) late?.(result);
    },
    () => undefined,
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
