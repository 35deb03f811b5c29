import type { Logger } from 'pino';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { LocalChannel, LocalSubmission } from '../../../shared/local-channel.ts';
import type { ChannelPort } from './channel-messages.ts';
import { openPortChannel, type PortChannel } from './port-channel.ts';

/** A process in which a backend runs. */
export interface BackendProcess {
  readonly port: ChannelPort;
  /** Calls `listener` once the process has ended, however. */
  onGone(listener: () => void): void;
  /** At once, as by `kill -9`. */
  kill(): void;
}

export type HostState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  /** A sentence, e.g. that there is no ffmpeg. It is tried again now and then. */
  | { readonly kind: 'broken'; readonly problem: string };

/** This computer's backend, kept alive: a process that dies is followed by another. */
export interface BackendHost extends AsyncDisposable {
  readonly channel: LocalChannel;
  state(): HostState;
  /** Called when the state changes; `ready` also means that events may have been missed. Returns what ends it. */
  follow(listener: () => void): () => void;
  /** Does not wait for the next try. */
  tryNow(): void;
  /** Changes how many videos are converted at the same time; those that are being converted go on. */
  setPlaces(places: number): void;
}

export interface BackendHostParts {
  /** Starts a process with the settings of this moment. */
  readonly start: () => BackendProcess;
  readonly log: Logger;
  /** Seconds between a death and the next start: the first, doubled each time up to the longest. */
  readonly pauses?: { readonly first: number; readonly longest: number };
}

/** One that has lived this long did not die of its start. */
const steadySeconds = 60;
/** How long an orderly end may take; running conversions are given back within it. */
const endSeconds = 5;

export function startBackendHost({ start, log, pauses = { first: 0.3, longest: 30 } }: BackendHostParts): BackendHost {
  const listeners = new Set<() => void>();
  const subscribers = new Set<(event: ServerEvent) => void>();
  /** Conversions that have not ended, as far as was heard. */
  const active = new Set<string>();
  let state: HostState = { kind: 'starting' };
  let pauseSeconds = pauses.first;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let running: { readonly process: BackendProcess; readonly channel: PortChannel; readonly gone: Promise<void> };
  /** Whoever calls waits for the next channel that is ready. */
  let next = Promise.withResolvers<PortChannel>();

  function change(to: HostState): void {
    state = to;
    for (const listener of listeners) listener();
  }

  function tell(event: ServerEvent): void {
    if (event.type === 'conversion') keepInMind(event.conversion);
    if (event.type === 'removed') for (const id of event.ids) active.delete(id);
    for (const subscriber of subscribers) subscriber(event);
  }

  function keepInMind(conversion: Conversion): Conversion {
    const { id, state: reached } = conversion;
    if (hasEnded(reached)) active.delete(id);
    else active.add(id);
    return conversion;
  }

  /** What was not heard of while no process ran. */
  async function catchUp(channel: PortChannel): Promise<void> {
    for (const id of [...active]) {
      try {
        tell({ type: 'conversion', conversion: await channel.get(id) });
      } catch (error) {
        if (!isAppError(error, 'not_found')) return;
        tell({ type: 'removed', ids: [id] });
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
    channel.subscribe(tell);
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
        // Its death says enough: it is started again.
        if (isAppError(error) && !channel.isGone()) breakDown(error);
      },
    );
  }

  /** The port is closed: the process ends, or has ended. */
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
    // One that is still ending has the folder for a moment.
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

  /**
   * Makes a call again where the process dies of it or before it. `otherwise` answers where the second time is refused because the
   * first was not in vain.
   */
  async function repeat<Answer>(
    call: (channel: PortChannel) => Promise<Answer>,
    otherwise?: (channel: PortChannel) => Promise<Answer>,
  ): Promise<Answer> {
    for (let deaths = 0; ; deaths += 1) {
      const channel = await ready();
      try {
        return await call(channel);
      } catch (error) {
        const isDone = deaths > 0 && isAppError(error, 'wrong_state', 'not_found');
        if (isDone && otherwise !== undefined) return await otherwise(channel);
        if (isOver || !channel.isGone()) throw error;
      }
    }
  }

  async function submit(submission: LocalSubmission): Promise<Conversion> {
    // Without an id of its own it would be another one the second time.
    if (submission.id === undefined) return await (await ready()).submit(submission);
    return await repeat((channel) => channel.submit(submission));
  }

  begin();
  return {
    channel: {
      submit: async (submission) => keepInMind(await submit(submission)),
      get: (id) => repeat((channel) => channel.get(id)),
      result: (id) => repeat((channel) => channel.result(id)),
      cancel: (id) =>
        repeat(
          (channel) => channel.cancel(id),
          (channel) => channel.get(id),
        ),
      retry: async (id, options) =>
        keepInMind(
          await repeat(
            (channel) => channel.retry(id, options),
            (channel) => channel.get(id),
          ),
        ),
      remove: (id) =>
        repeat(
          (channel) => channel.remove(id),
          async () => {},
        ),
      clear: () => repeat((channel) => channel.clear()),
      notifications: () => repeat((channel) => channel.notifications()),
      markRead: (ids) => repeat((channel) => channel.markRead(ids)),
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
    setPlaces(places) {
      // Where no process runs, the next one is started with the settings of then.
      if (!running.channel.isGone()) running.channel.setPlaces(places);
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
