import type { ServerEvent } from '../../../shared/events.ts';
import type { OwnedChanges } from '../../conversions/owned-changes.ts';
import { frameOf, helloFrame } from './event-frames.ts';
import type { SocketLimits } from './socket-limits.ts';

/** The client that a feed sends to. */
export interface FeedClient {
  readonly owner: string;
  /** The change position up to which the client has been told everything. */
  readonly since: string | undefined;
  /** How many bytes wait to be sent. */
  queuedBytes(): number;
  send(frame: Buffer): void;
  /** Called when more events happen before a hello is sent than may wait. */
  cutOff(reason: string): void;
  /** Called when the changes cannot be read. */
  fail(error: unknown): void;
}

export interface EventFeedParts {
  readonly changes: OwnedChanges;
  readonly limits: SocketLimits;
}

/** Events on their way to one client. */
export interface EventFeed {
  end(): void;
}

/**
 * Sends a client a hello with what it missed, and each event after that. Sends another hello whenever this process may itself have
 * missed events. Events that happen while a hello is being made are sent after it.
 */
export function feedEvents(client: FeedClient, { changes, limits }: EventFeedParts): EventFeed {
  const { owner } = client;
  let at = client.since;
  /** Events that happened while a hello is being made. Undefined while none is being made. */
  let early: Buffer[] | undefined = [];
  let earlyBytes = 0;
  /** Events were missed while a hello was being made, so another hello must follow. */
  let gapInHello = false;
  let ended = false;
  const following = changes.follow(owner, tell, onGap);

  function tell(event: ServerEvent): void {
    if (ended) return;
    const isPassing = event.type === 'progress';
    if (early === undefined) {
      if (!isPassing || client.queuedBytes() <= limits.maxQueuedBytesForProgress) client.send(frameOf(event));
      return;
    }
    if (isPassing) return;
    const frame = frameOf(event);
    earlyBytes += frame.byteLength;
    if (earlyBytes > limits.maxQueuedBytes) client.cutOff('too many events before a hello');
    else early.push(frame);
  }

  function onGap(): void {
    if (early === undefined) sayHello().catch(client.fail);
    else gapInHello = true;
  }

  async function sayHello(): Promise<void> {
    do {
      gapInHello = false;
      early ??= [];
      const missed = await changes.since(owner, at);
      if (ended) return;
      at = missed.at;
      client.send(helloFrame(missed, limits.maxHelloBytes));
    } while (gapInHello);
    const frames = early;
    early = undefined;
    earlyBytes = 0;
    for (const frame of frames) client.send(frame);
  }

  following.ready.then(sayHello).catch(client.fail);
  return {
    end() {
      ended = true;
      early = undefined;
      following.end();
    },
  };
}
