import type { Logger } from 'pino';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import {
  createLocalCalls,
  type LocalCall,
  type LocalCallName,
  type LocalChannel,
  localCalls,
} from '../../../shared/local-channel.ts';
import type { ChannelPort } from './channel-messages.ts';
import { openPortChannel, type PortChannel } from './port-channel.ts';

/** A process in which a backend runs. */
export interface BackendProcess {
  readonly port: ChannelPort;
  /** Calls `listener` once the process has ended, for whatever reason. */
  onGone(listener: () => void): void;
  /** At once, as by `kill -9`. */
  kill(): void;
}

export type HostState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  /** `problem` is a sentence, e.g. that there is no ffmpeg. The start is tried again now and then. */
  | { readonly kind: 'broken'; readonly problem: string };

/** This computer's backend, kept alive: when its process dies, another one is started. */
export interface BackendHost extends AsyncDisposable {
  readonly channel: LocalChannel;
  state(): HostState;
  /** Calls `listener` when the state changes. `ready` also means that events may have been missed. Returns a function that stops this. */
  follow(listener: () => void): () => void;
  /** Starts the process now instead of at the next try. */
  tryNow(): void;
  /** Ends the process in order; the next one starts with the current settings. */
  restart(): void;
}

export interface BackendHostParts {
  /** Starts a process with the current settings. */
  readonly start: () => BackendProcess;
  readonly log: Logger;
  /** Seconds between a death and the next start: the first, doubled each time up to the longest. */
  readonly pauses?: { readonly first: number; readonly longest: number };
}

/** A process that lived this long did not die because of how it starts, so the pauses begin again with the first. */
const steadySeconds = 60;
/** How long an orderly end may take. Running conversions are queued again within it. */
const endSeconds = 5;

export function startBackendHost({ start, log, pauses = { first: 0.3, longest: 30 } }: BackendHostParts): BackendHost {
  const listeners = new Set<() => void>();
  const subscribers = new Set<(event: ServerEvent) => void>();
  /** Ids of conversions that have not ended, as far as is known here. */
  const active = new Set<string>();
  let state: HostState = { kind: 'starting' };
  let pauseSeconds = pauses.first;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let running: { readonly process: BackendProcess; readonly channel: PortChannel; readonly gone: Promise<void> };
  /** Calls wait for the next channel that is ready. */
  let next = Promise.withResolvers<PortChannel>();

  function change(to: HostState): void {
    state = to;
    for (const listener of listeners) listener();
  }

  function publish(event: ServerEvent): void {
    if (event.type === 'conversion') remember(event.conversion);
    if (event.type === 'removed') for (const id of event.ids) active.delete(id);
    for (const subscriber of subscribers) subscriber(event);
  }

  function remember(conversion: Conversion): Conversion {
    const { id, state: reached } = conversion;
    if (hasEnded(reached)) active.delete(id);
    else active.add(id);
    return conversion;
  }

  /** Sends the events that were missed while no process ran. */
  async function catchUp(channel: PortChannel): Promise<void> {
    for (const id of [...active]) {
      try {
        publish({ type: 'conversion', conversion: await channel.get(id) });
      } catch (error) {
        if (!isAppError(error, 'not_found')) return;
        publish({ type: 'removed', ids: [id] });
      }
    }
  }

  function begin(): void {
    timer = undefined;
    const process = start();
    const channel = openPortChannel(process.port, () => lose(process));
    const since = performance.now();
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    running = { process, channel, gone };
    channel.subscribe(publish);
    process.onGone(() => {
      channel.leave();
      resolve();
      if (isOver) return;
      if (performance.now() - since > steadySeconds * 1000) pauseSeconds = pauses.first;
      timer = setTimeout(begin, pauseSeconds * 1000);
      pauseSeconds = Math.min(pauses.longest, pauseSeconds * 2);
    });
    channel.ready.then(
      () => {
        next.resolve(channel);
        change({ kind: 'ready' });
        void catchUp(channel);
      },
      (error: unknown) => {
        // When it has died, `onGone` starts the next one.
        if (isAppError(error) && !channel.isGone()) breakDown(error);
      },
    );
  }

  /** Called when the port has closed: the process is ending, or has ended. */
  function lose(process: BackendProcess): void {
    if (isOver) return;
    const late = setTimeout(() => process.kill(), endSeconds * 1000);
    process.onGone(() => clearTimeout(late));
    if (state.kind !== 'ready') return;
    log.warn('the backend of this computer ended; it is started again');
    next = Promise.withResolvers();
    change({ kind: 'starting' });
  }

  function breakDown(error: AppError): void {
    log.error({ err: error }, 'the backend of this computer could not start');
    // A process that is still ending holds the folder for a moment.
    if (error.code === 'data_in_use' && pauseSeconds < pauses.longest) return;
    next.promise.catch(() => undefined);
    next.reject(error);
    next = Promise.withResolvers();
    change({ kind: 'broken', problem: error.message });
  }

  async function ready(): Promise<PortChannel> {
    if (isOver) throw new AppError('unavailable', 'What converts on this computer has ended.');
    if (state.kind === 'broken') throw new AppError('unavailable', state.problem);
    return await next.promise;
  }

  /** Makes a call, and makes it again when the process dies before it has answered. */
  async function call(name: LocalCallName, args: readonly unknown[]): Promise<unknown> {
    for (let deaths = 0; ; deaths += 1) {
      const channel = await ready();
      try {
        return await channel.call(name, args);
      } catch (error) {
        const { refusedAgain }: LocalCall = localCalls[name];
        if (deaths > 0 && refusedAgain !== undefined && isAppError(error, 'wrong_state', 'not_found')) {
          return refusedAgain === 'get' ? await channel.call('get', args.slice(0, 1)) : undefined;
        }
        if (isOver || !channel.isGone()) throw error;
      }
    }
  }

  const calls = createLocalCalls(call);
  begin();
  return {
    channel: {
      ...calls,
      submit: async (submission) => remember(await calls.submit(submission)),
      retry: async (id, options) => remember(await calls.retry(id, options)),
      subscribe(listener) {
        subscribers.add(listener);
        return () => subscribers.delete(listener);
      },
    },
    state: () => state,
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tryNow() {
      if (timer === undefined) return;
      clearTimeout(timer);
      pauseSeconds = pauses.first;
      if (state.kind === 'broken') change({ kind: 'starting' });
      begin();
    },
    restart() {
      if (state.kind === 'ready') running.channel.end();
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearTimeout(timer);
      if (timer !== undefined) return;
      running.channel.end();
      const late = setTimeout(() => running.process.kill(), endSeconds * 1000);
      await running.gone;
      clearTimeout(late);
    },
  };
}
