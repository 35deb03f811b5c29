import type { Logger } from 'pino';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
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

export interface KeepProcessParts {
  /** Starts a process with the current settings. */
  readonly start: () => BackendProcess;
  readonly log: Logger;
  /** Seconds between a death and the next start: the first, doubled each time up to the longest. */
  readonly pauses: { readonly first: number; readonly longest: number };
  /** A process that says nothing for this long is frozen. It is killed, and another one is started. */
  readonly frozenSeconds: number;
  /** Called with the channel to each process that is started. */
  readonly onStart: (channel: PortChannel) => void;
  /** Called when a process is ready. Events may have been missed. */
  readonly onReady: (channel: PortChannel) => void;
}

/** Keeps a process running: starts it, and starts another one whenever it dies. */
export interface KeptProcess extends AsyncDisposable {
  state(): HostState;
  follow(listener: () => void): () => void;
  tryNow(): void;
  setPlaces(places: number): void;
  /** Resolves with the next channel that takes calls. Throws `unavailable` if there will be none soon. */
  ready(): Promise<PortChannel>;
  /** Whether the app ends it. */
  isOver(): boolean;
}

/** A process that lived this long did not die because of how it starts, so the pauses begin again with the first. */
const steadySeconds = 60;
/** How often a process is looked at before it counts as frozen. */
const looksUntilFrozen = 6;
/** How long an orderly end may take. Running conversions are queued again within it. */
const endSeconds = 5;

export function keepProcess({ start, log, pauses, frozenSeconds, onStart, onReady }: KeepProcessParts): KeptProcess {
  const listeners = new Set<() => void>();
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

  function begin(): void {
    timer = undefined;
    const process = start();
    const channel = openPortChannel(process.port, () => lose(process));
    const since = performance.now();
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    running = { process, channel, gone };
    onStart(channel);
    const watch = watchForFreeze(process, channel);
    process.onGone(() => {
      clearInterval(watch);
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
        onReady(channel);
      },
      (error: unknown) => {
        // When it has died, `onGone` starts the next one.
        if (isAppError(error) && !channel.isGone()) breakDown(error);
      },
    );
  }

  /** Counts looks and not time, so that a process is not killed because the app itself, or the computer, was suspended. */
  function watchForFreeze(process: BackendProcess, channel: PortChannel): NodeJS.Timeout {
    let silentLooks = 0;
    return setInterval(
      () => {
        silentLooks = channel.wasHeard() ? 0 : silentLooks + 1;
        if (silentLooks !== looksUntilFrozen) return;
        log.error('the backend of this computer is frozen; it is started again');
        process.kill();
      },
      (frozenSeconds * 1000) / looksUntilFrozen,
    ).unref();
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

  begin();
  return {
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
      // Otherwise the next process starts with the current settings.
      if (!running.channel.isGone()) running.channel.setPlaces(places);
    },
    async ready() {
      if (isOver) throw failure('unavailable');
      if (state.kind === 'broken') throw new AppError('unavailable', state.problem);
      return await next.promise;
    },
    isOver: () => isOver,
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
