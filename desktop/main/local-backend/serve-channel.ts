import { type LocalCallName, type LocalChannel, localCalls } from '../../../shared/local-channel.ts';
import { type ChannelAnswer, type ChannelPort, channelRequestSchema, toFailure } from './channel-messages.ts';

export interface ServeChannel {
  readonly channel: LocalChannel;
  readonly port: ChannelPort;
  /** Called when the app sets how many videos are converted at the same time. */
  readonly onPlaces: (places: number) => void;
  /** Called when the app wants the backend to end, and when the app has gone. */
  readonly onEnd: () => void;
  /** Called with the error of a call that failed with something other than an AppError. */
  readonly onDefect: (error: unknown) => void;
}

/** Lets the other end of `port` call `channel`, and sends it all events. Messages that do not fit the schema are ignored. */
export function serveChannel({ channel, port, onPlaces, onEnd, onDefect }: ServeChannel): void {
  const send = (message: ChannelAnswer): void => port.post(message);

  async function answer(number: number, name: LocalCallName, args: readonly unknown[]): Promise<void> {
    try {
      send({ type: 'answer', number, value: await call(channel, name, args) });
    } catch (error) {
      const failure = toFailure(error);
      if (failure.code === 'internal') onDefect(error);
      send({ type: 'failure', number, failure });
    }
  }

  const unsubscribe = channel.subscribe((event) => send({ type: 'event', event }));
  port.listen(
    (message) => {
      const request = channelRequestSchema.safeParse(message);
      if (!request.success) onDefect(request.error);
      else if (request.data.type === 'end') onEnd();
      else if (request.data.type === 'places') onPlaces(request.data.places);
      else void answer(request.data.number, request.data.name, request.data.args);
    },
    () => {
      unsubscribe();
      onEnd();
    },
  );
  send({ type: 'ready' });
}

/** Throws a ZodError if the arguments do not fit. */
async function call(channel: LocalChannel, name: LocalCallName, args: readonly unknown[]): Promise<unknown> {
  const method = channel[name] as (...parsed: readonly unknown[]) => Promise<unknown>;
  return await method(...localCalls[name].args.parse(args));
}
