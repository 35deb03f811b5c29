import { isAppError } from '../../../shared/errors.ts';
import { eventsIn, type ServerEvent } from '../../../shared/events.ts';
import type { OwnedChanges } from '../../conversions/owned-changes.ts';
import { createToldChanges } from '../../conversions/told-changes.ts';
import { atFrame, frameOf, helloFrame } from './event-frames.ts';
import { createRevisionOrder } from './revision-order.ts';
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
  /** Sends the change position up to which the client has been told everything, unless a hello is being made. */
  tellPosition(): void;
  end(): void;
}

/** Of what a client was not told, no more than this is sent with one position. The rest is sent with the next. */
const maxRepaired = 500;

/**
 * Sends a client a hello with what it missed, and each event after that. Sends another hello whenever this process may itself have
 * missed events. Events that happen while something is read from the store are sent after it.
 */
export function feedEvents(client: FeedClient, { changes, limits }: EventFeedParts): EventFeed {
  const { owner } = client;
  let at = client.since;
  /** What the client was told since `at`. */
  let told = createToldChanges();
  const order = createRevisionOrder();
  /** Events that happened while the store is read. Undefined while it is not. */
  let early: ServerEvent[] | undefined = [];
  let earlyBytes = 0;
  /** Events were missed while the store was read, so another hello must follow. */
  let gapMeanwhile = false;
  let ended = false;
  const following = changes.follow(owner, tell, onGap);

  function tell(event: ServerEvent): void {
    if (ended) return;
    const isPassing = event.type === 'progress';
    if (early === undefined) {
      if (!isPassing || client.queuedBytes() <= limits.maxQueuedBytesForProgress) send(event);
      return;
    }
    if (isPassing) return;
    earlyBytes += frameOf(event).byteLength;
    if (earlyBytes > limits.maxQueuedBytes) client.cutOff('too many events before a hello');
    else early.push(event);
  }

  function send(event: ServerEvent): void {
    told.note(event);
    if (order.takes(event)) client.send(frameOf(event));
  }

  function onGap(): void {
    if (early === undefined) catchUp('hello').catch(client.fail);
    else gapMeanwhile = true;
  }

  async function catchUp(wanted: 'hello' | 'position'): Promise<void> {
    let next = wanted;
    do {
      gapMeanwhile = false;
      early ??= [];
      const isKnown = next === 'position' && (await sendPosition());
      if (!isKnown) await sendHello();
      if (ended) return;
      next = 'hello';
    } while (gapMeanwhile);
    const events = early;
    early = undefined;
    earlyBytes = 0;
    for (const event of events) send(event);
  }

  async function sendHello(): Promise<void> {
    const missed = await changes.since(owner, at);
    if (ended) return;
    at = missed.at;
    told = createToldChanges();
    for (const event of eventsIn({ type: 'hello', ...missed })) order.takes(event);
    client.send(helloFrame(missed, limits.maxHelloBytes));
  }

  /**
   * Sends the changes of which the client was not told, and the position after them. An event may still be under way here, or its
   * publisher may have died before it was published, so only the store knows. False if the store does not know either.
   */
  async function sendPosition(): Promise<boolean> {
    let repaired = 0;
    for (;;) {
      const later = await changes.after(owner, at ?? '', told).catch(passOver);
      if (later === 'unavailable') return true;
      if (later === undefined) return false;
      if (ended) return true;
      for (const event of later.events) if (order.takes(event)) client.send(frameOf(event));
      at = later.at;
      repaired += later.events.length;
      if (later.complete || repaired >= maxRepaired) break;
    }
    told = createToldChanges();
    client.send(atFrame(at));
    return true;
  }

  following.ready.then(async () => await catchUp('hello')).catch(client.fail);
  return {
    tellPosition() {
      if (early === undefined) catchUp('position').catch(client.fail);
    },
    end() {
      ended = true;
      early = undefined;
      following.end();
    },
  };
}

/** While the store is away, events go on, and the next ping tries again. */
function passOver(error: unknown): 'unavailable' {
  if (isAppError(error, 'unavailable')) return 'unavailable';
  throw error;
}
