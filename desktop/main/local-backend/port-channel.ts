import type { AppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { createLocalCalls, type LocalCallName, type LocalChannel, localCalls } from '../../../shared/local-channel.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import { type ChannelPort, type ChannelRequest, channelAnswerSchema, fromFailure } from './channel-messages.ts';

/** The channel to a backend's process, from its start to its end. */
export interface PortChannel extends LocalChannel {
  /** Resolves once the backend takes calls. Rejects with the reason why it could not start, or with `unavailable` if it ended before. */
  readonly ready: Promise<void>;
  /** Makes the call of that name, as the method of that name does. */
  call(name: LocalCallName, args: readonly unknown[]): Promise<unknown>;
  /** Whether the other end has closed. */
  isGone(): boolean;
  /** Whether anything came from the other end since the previous call. */
  wasHeard(): boolean;
  /** Sets how many videos the backend converts at the same time. */
  setPlaces(places: number): void;
  /** Asks the backend to stop its conversions, which stay queued, and to end. */
  end(): void;
  /** Closes this end. To be called when the process has ended. */
  leave(): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Calls the channel that is served at the other end of `port`. When that end closes, `onGone` is called once, and unanswered calls reject
 * with `unavailable`.
 */
export function openPortChannel(port: ChannelPort, onGone: () => void = () => {}): PortChannel {
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(event: ServerEvent) => void>();
  const ready = Promise.withResolvers<void>();
  // A caller that does not await `ready` gets the same error from its calls.
  ready.promise.catch(() => undefined);
  let isGone = false;
  let heard = false;
  let lastNumber = 0;
  const post = (message: ChannelRequest): void => port.post(message);

  function hear(message: unknown): void {
    heard = true;
    const parsed = channelAnswerSchema.safeParse(message);
    if (!parsed.success) return;
    const answer = parsed.data;
    switch (answer.type) {
      case 'alive':
        break;
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
    // Before the rejections: their callers call again at once.
    onGone();
    port.close();
    ready.reject(gone());
    for (const number of [...waiting.keys()]) take(number)?.reject(gone());
  }

  async function call(name: LocalCallName, args: readonly unknown[]): Promise<unknown> {
    await ready.promise;
    if (isGone) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    lastNumber += 1;
    waiting.set(lastNumber, { resolve, reject });
    post({ type: 'call', number: lastNumber, name, args: [...args] });
    const parsed = localCalls[name].answer.safeParse(await promise);
    if (parsed.success) return parsed.data;
    throw failure('internal', { cause: parsed.error });
  }

  port.listen(hear, leave);
  return {
    ready: ready.promise,
    isGone: () => isGone,
    wasHeard() {
      const was = heard;
      heard = false;
      return was;
    },
    setPlaces: (places) => post({ type: 'places', places }),
    end: () => post({ type: 'end' }),
    leave,
    call,
    ...createLocalCalls(call),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function gone(): AppError {
  return failure('unavailable');
}
