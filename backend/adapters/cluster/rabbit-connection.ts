import { Socket } from 'node:net';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { RabbitAddress } from './rabbit-url.ts';
import { noAnswer, withinSeconds } from './within-seconds.ts';

/** A silent peer is noticed after two to three of these. RabbitMQ suggests 5 to 20 (https://www.rabbitmq.com/docs/heartbeats). */
const heartbeatSeconds = 10;
/** How long RabbitMQ may take to accept a connection, and to answer a request on it. A broken quorum queue takes 60 s. */
const answerSeconds = 5;
const closeSeconds = 2;

/** The connection from when it is opened until it breaks. */
export interface RabbitSession {
  /** True while RabbitMQ reads nothing from us, because it is short of memory or disk. */
  isBlocked(): boolean;
  /** A channel that cannot be lost alone: its end ends the session, so that all is set up again. */
  openChannel(): Promise<Channel>;
  openConfirmChannel(): Promise<ConfirmChannel>;
  /** A channel whose end affects nothing else. */
  openSpareChannel(): Promise<Channel>;
  closeChannel(channel: Channel): Promise<void>;
  /** Waits for the answer to a request, and ends the session if none comes in time. */
  answer<Answer>(request: Promise<Answer>): Promise<Answer>;
  /** Ends the session. The next one begins soon. */
  cut(reason: Error): void;
}

/** What uses a connection. */
export interface RabbitUser {
  /** Called for each new session. Waits for RabbitMQ only by `answer`. If it throws, the session ends. */
  begin(session: RabbitSession): Promise<void>;
  /** Called when a session has ended, whether or not it has begun. */
  end(): void;
  blocked?(): void;
  unblocked?(): void;
}

export interface RabbitConnection {
  /**
   * Settles when the first attempt to connect has ended. Rejects with `unavailable`; with `invalid` if RabbitMQ refuses us; with
   * `unsupported` if it has queues with other settings. Further attempts follow in any case.
   */
  readonly firstAttempt: Promise<void>;
  close(): Promise<void>;
}

export interface RabbitConnectionOptions {
  readonly address: RabbitAddress;
  /** What RabbitMQ's management calls the connection. */
  readonly name: string;
  readonly log: Logger;
  readonly users: readonly RabbitUser[];
}

/** Connects, and connects again whenever the connection breaks, until it is closed. */
export async function openRabbitConnection(options: RabbitConnectionOptions): Promise<RabbitConnection> {
  const { address, name, users } = options;
  const log = options.log.child({ connection: name });
  let session: RabbitSession | undefined;
  const first = Promise.withResolvers<void>();
  // Whoever does not wait for it finds the failure in the log.
  first.promise.catch(() => undefined);

  async function setUp(model: ChannelModel): Promise<void> {
    const opened = createSession(model);
    // The reason comes with `close`. Without a listener, an error would end the process.
    model.on('error', () => undefined);
    model.on('blocked', () => users.forEach((user) => user.blocked?.()));
    model.on('unblocked', () => users.forEach((user) => user.unblocked?.()));
    model.once('close', () => {
      session = undefined;
      // A silent peer would hold a socket that has only been ended.
      socketOf(model).destroy();
      for (const user of users) user.end();
    });
    session = opened;
    try {
      for (const user of users) await user.begin(opened);
      // amqplib listens for the end of the connection only from now on.
      if (session !== opened) throw new Error('the connection broke while it was set up');
    } catch (error) {
      // amqplib would close the connection and wait for an answer, which may never come.
      opened.cut(new Error('the connection could not be set up', { cause: error }));
      throw error;
    }
  }

  const { protocol, hostname, port, username, password, vhost } = address;
  const recovering = await connect(
    // amqplib decodes the vhost.
    { protocol, hostname, port, username, password, vhost: encodeURIComponent(vhost), heartbeat: heartbeatSeconds },
    {
      noDelay: true,
      timeout: answerSeconds * 1000,
      clientProperties: { connection_name: name },
      recovery: { initialDelay: 200, maxDelay: 5000, waitForConnect: false, setup: setUp },
    },
  );
  const outages = createOutageLog(log);
  recovering.on('error', () => undefined);
  recovering.on('connect', () => {
    first.resolve();
    outages.onConnect();
  });
  recovering.on('disconnect', (error) => outages.onFailure(error));
  recovering.on('connect-failed', (error) => {
    const translated = translate(error);
    first.reject(translated);
    outages.onFailure(translated);
  });
  recovering.on('blocked', () => log.warn('RabbitMQ accepts nothing now, because it is short of memory or disk'));
  recovering.on('unblocked', () => log.info('RabbitMQ accepts messages again'));

  return {
    firstAttempt: first.promise,
    async close() {
      // A silent RabbitMQ does not answer, and nor does amqplib then.
      await withinSeconds(closeSeconds, recovering.close()).catch(() => undefined);
      session?.cut(new Error('the connection is closed'));
    },
  };
}

function createSession(model: ChannelModel): RabbitSession {
  let blocked = false;
  model.on('blocked', () => {
    blocked = true;
  });
  model.on('unblocked', () => {
    blocked = false;
  });
  const ended = new WeakSet<Channel>();

  function cut(reason: Error): void {
    socketOf(model).destroy(reason);
  }

  function keep<Kind extends Channel>(channel: Kind): Kind {
    let reason = new Error('a channel was closed');
    channel.on('error', (error) => {
      reason = error;
    });
    channel.on('close', () => {
      if (!ended.has(channel)) cut(reason);
    });
    return channel;
  }

  async function answer<Answer>(request: Promise<Answer>): Promise<Answer> {
    const timer = setInterval(() => {
      if (!blocked) cut(noAnswer(answerSeconds));
    }, answerSeconds * 1000);
    try {
      return await request;
    } finally {
      clearInterval(timer);
    }
  }

  return {
    isBlocked: () => blocked,
    openChannel: async () => keep(await answer(model.createChannel())),
    openConfirmChannel: async () => keep(await answer(model.createConfirmChannel())),
    async openSpareChannel() {
      const channel = await answer(model.createChannel());
      ended.add(channel);
      return keep(channel);
    },
    async closeChannel(channel) {
      ended.add(channel);
      await answer(channel.close());
    },
    answer,
    cut,
  };
}

/** amqplib has no other way to give up a connection whose peer is silent. */
function socketOf({ connection }: ChannelModel): Socket {
  const socket: unknown = Reflect.get(connection, 'stream');
  if (socket instanceof Socket) return socket;
  throw new Error('this version of amqplib keeps its socket elsewhere');
}

/** amqplib passes on RabbitMQ's words about a handshake, without a code. */
function translate(error: Error): AppError {
  if (isAppError(error)) return error;
  const isRefused = /ACCESS[-_]REFUSED|got <ConnectionClose/.test(error.message);
  return isRefused
    ? new AppError('invalid', 'RabbitMQ refused the user, the password or the vhost of RABBITMQ_URL.', { cause: error })
    : new AppError('unavailable', 'RabbitMQ cannot be reached.', { cause: error });
}

/** Logs the beginning and the end of an outage, and each new reason, but not each attempt. */
function createOutageLog(log: Logger): { onConnect(): void; onFailure(error: Error): void } {
  let reason: string | undefined;
  return {
    onConnect() {
      if (reason !== undefined) log.info('connected to RabbitMQ again');
      reason = undefined;
    },
    onFailure(error) {
      if (reason === error.message) return;
      reason = error.message;
      log.warn({ err: error }, 'no connection to RabbitMQ; it is tried again');
    },
  };
}
