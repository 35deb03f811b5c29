import type { LocalChannel } from '../../../shared/local-channel.ts';
import {
  type ChannelAnswer,
  type ChannelCallName,
  type ChannelPort,
  channelCalls,
  channelRequestSchema,
  toFailure,
} from './channel-messages.ts';

export interface ServeChannel {
  readonly channel: LocalChannel;
  readonly port: ChannelPort;
  /** Called when the app wants so many videos to be converted at the same time. */
  readonly onPlaces: (places: number) => void;
  /** Called when the app wants the backend to end, and when the app has gone. */
  readonly onEnd: () => void;
  /** Called with what a call failed of that is no AppError. */
  readonly onDefect: (error: unknown) => void;
}

/** Lets whoever holds the other end of `port` call `channel`, and tells all that happens. What does not fit is passed over. */
export function serveChannel({ channel, port, onPlaces, onEnd, onDefect }: ServeChannel): void {
  const tell = (message: ChannelAnswer): void => port.post(message);

  async function answer(number: number, name: ChannelCallName, args: readonly unknown[]): Promise<void> {
    try {
      tell({ type: 'answer', number, value: await call(channel, name, args) });
    } catch (error) {
      const failure = toFailure(error);
      if (failure.code === 'internal') onDefect(error);
      tell({ type: 'failure', number, failure });
    }
  }

  const unsubscribe = channel.subscribe((event) => tell({ type: 'event', event }));
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
  tell({ type: 'ready' });
}

/** Throws a ZodError for arguments that do not fit. */
async function call(channel: LocalChannel, name: ChannelCallName, args: readonly unknown[]): Promise<unknown> {
  switch (name) {
    case 'submit':
      return await channel.submit(withoutUndefined(channelCalls.submit.args.parse(args)[0]));
    case 'retry':
      return await channel.retry(...channelCalls.retry.args.parse(args));
    case 'markRead':
      return await channel.markRead(...channelCalls.markRead.args.parse(args));
    case 'clear':
      return await channel.clear();
    case 'notifications':
      return await channel.notifications();
    case 'get':
    case 'result':
    case 'cancel':
    case 'remove':
      return await channel[name](...channelCalls[name].args.parse(args));
  }
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

/** What was left out comes as `undefined` from no port of ours; the types do not know that. */
function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<Value>;
}
