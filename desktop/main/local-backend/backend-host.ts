import type { Logger } from 'pino';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import {
  createLocalCalls,
  type LocalCall,
  type LocalCallName,
  type LocalChannel,
  localCalls,
} from '../../../shared/local-channel.ts';
import { type BackendProcess, type HostState, keepProcess } from './keep-process.ts';
import type { PortChannel } from './port-channel.ts';

/** This computer's backend, kept alive: when its process dies, another one is started. */
export interface BackendHost extends AsyncDisposable {
  readonly channel: LocalChannel;
  state(): HostState;
  /** Calls `listener` when the state changes. `ready` also means that events may have been missed. Returns a function that stops this. */
  follow(listener: () => void): () => void;
  /** Starts the process now instead of at the next try. */
  tryNow(): void;
  /** Changes how many videos are converted at the same time; running conversions go on. */
  setPlaces(places: number): void;
}

export interface BackendHostParts {
  /** Starts a process with the current settings. */
  readonly start: () => BackendProcess;
  readonly log: Logger;
  /** Seconds between a death and the next start: the first, doubled each time up to the longest. */
  readonly pauses?: { readonly first: number; readonly longest: number };
  /** A process that says nothing for this long is frozen. */
  readonly frozenSeconds?: number;
}

export function startBackendHost(parts: BackendHostParts): BackendHost {
  const { start, log, pauses = { first: 0.3, longest: 30 }, frozenSeconds = 30 } = parts;
  const subscribers = new Set<(event: ServerEvent) => void>();
  /** Ids of conversions that have not ended, as far as is known here. */
  const active = new Set<string>();
  const kept = keepProcess({
    start,
    log,
    pauses,
    frozenSeconds,
    onStart: (channel) => void channel.subscribe(publish),
    onReady: (channel) => void catchUp(channel),
  });

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

  /** Makes a call, and makes it again when the process dies before it has answered. */
  async function call(name: LocalCallName, args: readonly unknown[]): Promise<unknown> {
    for (let deaths = 0; ; deaths += 1) {
      const channel = await kept.ready();
      try {
        return await channel.call(name, args);
      } catch (error) {
        const { refusedAgain }: LocalCall = localCalls[name];
        if (deaths > 0 && refusedAgain !== undefined && isAppError(error, 'wrong_state', 'not_found')) {
          return refusedAgain === 'get' ? await channel.call('get', args.slice(0, 1)) : undefined;
        }
        if (kept.isOver() || !channel.isGone()) throw error;
      }
    }
  }

  const calls = createLocalCalls(call);
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
    state: kept.state,
    follow: kept.follow,
    tryNow: kept.tryNow,
    setPlaces: kept.setPlaces,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
