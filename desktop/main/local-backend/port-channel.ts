import type { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { LocalChannel } from '../../../shared/local-channel.ts';
import {
  type ChannelCallName,
  type ChannelPort,
  type ChannelRequest,
  channelAnswerSchema,
  channelCalls,
  fromFailure,
} from './channel-messages.ts';

/** The backend's process as its app sees it, from its start to its end. */
export interface PortChannel extends LocalChannel {
  /** Resolves once it takes calls. Rejects with what it could not start of, or `unavailable` when it ended before. */
  readonly ready: Promise<void>;
  /** Whether its other end is no more. */
  isGone(): boolean;
  /** Asks it to convert so many videos at the same time. */
  setPlaces(places: number): void;
  /** Asks it to give back what runs, and to end. */
  end(): void;
  /** Hears nothing any more: its other end is no more. */
  leave(): void;
}

type Answer<Name extends ChannelCallName> = z.output<(typeof channelCalls)[Name]['answer']>;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Calls the channel that is served at the other end of `port`. When that ends, `onGone` is called once, and calls that are under way reject
 * with `unavailable`.
 */
export function openPortChannel(port: ChannelPort, onGone: () => void = () => {}): PortChannel {
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(event: ServerEvent) => void>();
  const ready = Promise.withResolvers<void>();
  // Whoever does not ask whether it is ready hears it from the calls.
  ready.promise.catch(() => undefined);
  let isGone = false;
  let lastNumber = 0;
  const post = (message: ChannelRequest): void => port.post(message);

  function hear(message: unknown): void {
    const parsed = channelAnswerSchema.safeParse(message);
    if (!parsed.success) return;
    const answer = parsed.data;
    switch (answer.type) {
      case 'ready':
        ready.resolve();
        break;
      case 'broken':
        ready.reject(fromFailure(answer.failure));
        break;
      case 'answer':
        take(answer.number)?.resolve(answer.value);
        break;
      case 'failure':
        take(answer.number)?.reject(fromFailure(answer.failure));
        break;
      case 'event':
        for (const listener of listeners) listener(answer.event);
        break;
    }
  }

  function take(number: number): Waiting | undefined {
    const one = waiting.get(number);
    waiting.delete(number);
    return one;
  }

  function leave(): void {
    if (isGone) return;
    isGone = true;
    // First: whoever is rejected asks again at once.
    onGone();
    port.close();
    ready.reject(gone());
    for (const number of [...waiting.keys()]) take(number)?.reject(gone());
  }

  async function call<Name extends ChannelCallName>(name: Name, ...args: unknown[]): Promise<Answer<Name>> {
    await ready.promise;
    if (isGone) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    lastNumber += 1;
    waiting.set(lastNumber, { resolve, reject });
    post({ type: 'call', number: lastNumber, name, args });
    const parsed = channelCalls[name].answer.safeParse(await promise);
    if (!parsed.success) {
      throw new AppError('internal', 'Something went wrong inside Soundlift.', { cause: parsed.error });
    }
    return parsed.data as Answer<Name>;
  }

  port.listen(hear, leave);
  return {
    ready: ready.promise,
    isGone: () => isGone,
    setPlaces: (places) => post({ type: 'places', places }),
    end: () => post({ type: 'end' }),
    leave,
    submit: (submission) => call('submit', submission),
    get: (id) => call('get', id),
    result: (id) => call('result', id),
    cancel: (id) => call('cancel', id),
    retry: (id, options) => call('retry', id, ...(options === undefined ? [] : [options])),
    remove: (id) => call('remove', id),
    clear: () => call('clear'),
    notifications: () => call('notifications'),
    markRead: (ids) => call('markRead', ids),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function gone(): AppError {
  return new AppError('unavailable', 'What converts on this computer has stopped.');
}
