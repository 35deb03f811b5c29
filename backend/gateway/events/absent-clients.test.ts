import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { eventsIn, type ServerEvent } from '../../../shared/events.ts';
import { createNewest } from '../../../shared/newest-revisions.ts';
import { type EventClient, openEvents } from '../../tests/running/event-client.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { type TestConversions, tidyForAnHour } from '../../tests/test-conversions.ts';
import { startTestEventSockets, type TestEventSockets } from '../../tests/test-event-sockets.ts';

/** A step and the index of the conversion or client that it concerns. */
type Step = readonly [
  (
    | 'submit'
    | 'convert'
    | 'fail'
    | 'cancel'
    | 'retry'
    | 'remove'
    | 'clear'
    | 'tell'
    | 'read'
    | 'week'
    | 'come'
    | 'go'
    | 'cut'
    | 'mend'
  ),
  number,
];

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.tuple(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('submit' as const, 'convert' as const, 'fail' as const, 'cancel' as const),
      },
      { weight: 6, arbitrary: fc.constantFrom('retry' as const, 'remove' as const, 'tell' as const, 'read' as const) },
      { weight: 1, arbitrary: fc.constantFrom('clear' as const, 'week' as const) },
      { weight: 6, arbitrary: fc.constantFrom('come' as const, 'go' as const) },
      { weight: 2, arbitrary: fc.constantFrom('cut' as const, 'mend' as const) },
    ),
    fc.nat({ max: 5 }),
  ),
  { minLength: 10, maxLength: 60 },
);

const owner = 'anna';
const aWeekSeconds = 8 * 24 * 3600;

it('a client that connects, disconnects and misses events at any moment ends up with the same state as the list', {
  timeout: 120_000,
}, async () => {
  await fc.assert(fc.asyncProperty(steps, fc.array(fc.nat({ max: 3 }), { minLength: 5, maxLength: 20 }), play), {
    numRuns: 60,
  });
});

/** Runs the steps, several at a time. `pauses` gives the number of turns that each call to the store waits. */
async function play(plan: readonly Step[], pauses: readonly number[]): Promise<void> {
  let next = 0;
  async function pause(): Promise<void> {
    for (let turns = pauses[next++ % pauses.length] ?? 0; turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await using stand = await startTestEventSockets({ pingSeconds: 0.05 }, { pause });
  const clients = [modelClient(stand), modelClient(stand), modelClient(stand)];
  const ids: string[] = [];
  const running: Promise<void>[] = [];
  for (const [index, [kind, target]] of plan.entries()) {
    const client = clients[target % clients.length];
    running.push(
      kind === 'come'
        ? (client?.come() ?? Promise.resolve())
        : kind === 'go'
          ? (client?.go() ?? Promise.resolve())
          : act(stand.test, ids, kind, target),
    );
    if (index % 4 === 3) await Promise.all(running.splice(0));
  }
  await Promise.all(running);

  // All clients connect while something happens, and stay: they learn from the first frame and from the events after
  // it.
  for (const client of clients) await client.come();
  for (const client of clients) await client.go();
  await stand.test.line.mend();
  const last = plan.slice(-8).map(([kind, target]) => act(stand.test, ids, kind, target));
  await Promise.all([...last, ...clients.map((client) => client.come())]);
  await stand.test.line.mend();
  await knowAll(stand, clients);

  // All clients connect while nothing happens: they learn from the first frame only.
  for (const client of clients) await client.go();
  await Promise.all(plan.slice(0, 4).map(([kind, target]) => act(stand.test, ids, kind, target)));
  for (const client of clients) await client.come();
  await knowAll(stand, clients);
  for (const client of clients) await client.go();
}

async function knowAll({ test }: TestEventSockets, clients: readonly ModelClient[]): Promise<void> {
  const expected = await listed(test);
  for (const client of clients) {
    const know = async (): Promise<boolean> => {
      await client.listIfTold();
      return sameState(client.state(), expected);
    };
    await waitUntil('a client knows what the list shows', know, { seconds: 1 }).catch(() => undefined);
    expect(client.state()).toEqual(expected);
  }
}

async function act(test: TestConversions, ids: string[], kind: Step[0], target: number): Promise<void> {
  const { owned, notifications, work, batches } = test.conversions;
  const id = ids[target % Math.max(1, ids.length)] ?? '';
  try {
    switch (kind) {
      case 'submit': {
        const intake = { fileName: 'a.mp4', path: '/a.mp4', bytes: 1, options: { format: 'mp3' } as const };
        ids.push((await owned.submitFile(owner, intake)).id);
        await owned.submitFile('bert', intake);
        return;
      }
      case 'convert':
      case 'fail': {
        const taken = await work.take();
        if (taken.kind !== 'work') return;
        await using held = taken.work;
        await held.noteSource({ tracks: [{ index: 0, codec: 'aac', channels: 2 }], durationSeconds: 2 });
        if (kind === 'fail') await held.fail(new AppError('damaged', 'Nothing in it can be read.'));
        else await held.finish({ fileName: 'a.mp3', bytes: 1, durationSeconds: 2, sha256: 'ab', peaks: [1] }, []);
        return;
      }
      case 'cancel':
        return void (await owned.cancel(owner, id));
      case 'retry':
        return void (await owned.retry(owner, id));
      case 'remove':
        return await owned.remove(owner, id);
      case 'clear':
        return await owned.clear(owner);
      case 'tell':
        return void (await batches.tellOfEnds());
      case 'read': {
        const { items } = await notifications.page({ owner, limit: 3, unread: true });
        return await notifications.markRead(
          owner,
          items.map((item) => item.id),
        );
      }
      case 'cut':
        return test.line.cut();
      case 'mend':
        return await test.line.mend();
      case 'week':
        test.pass(aWeekSeconds);
        return await tidyForAnHour(test);
      default:
        return;
    }
  } catch (error) {
    if (!isAppError(error, 'wrong_state', 'not_found', 'gone')) throw error;
  }
}

/** What a client knows: the state of each conversion, and whether each notification was read. */
interface Known {
  readonly conversions: Readonly<Record<string, unknown>>;
  readonly notifications: Readonly<Record<string, boolean>>;
}

async function listed(test: TestConversions): Promise<Known> {
  const { items: conversions } = await test.conversions.owned.page({ owner, limit: 100 });
  const { items: notifications } = await test.conversions.notifications.page({ owner, limit: 100 });
  return {
    conversions: Object.fromEntries(conversions.map((one) => [one.id, lasting(one)])),
    notifications: Object.fromEntries(notifications.map((one) => [one.id, one.readAt !== undefined])),
  };
}

/** A conversion without its transient fields. */
function lasting({
  revision: _revision,
  position: _position,
  progress: _progress,
  etaSeconds: _eta,
  ...rest
}: Conversion) {
  return rest;
}

function sameState(one: Known, other: Known): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}

interface ModelClient {
  come(): Promise<void>;
  go(): Promise<void>;
  /** Lists if the latest frames say so. */
  listIfTold(): Promise<void>;
  state(): Known;
}

/** A minimal client that obeys the protocol. */
function modelClient(stand: TestEventSockets): ModelClient {
  const conversions = new Map<string, unknown>();
  const newest = createNewest();
  const notifications = new Map<string, boolean>();
  let connection: EventClient | undefined;
  let seen = 0;
  let since: string | undefined;
  /** Whether a later `hello` has said that more has changed than it shows. */
  let mustList = false;
  /** Connecting and disconnecting happen one after the other. */
  let moving: Promise<void> = Promise.resolve();

  function apply(event: ServerEvent): void {
    if (!newest.hear(event)) return;
    switch (event.type) {
      case 'conversion':
        conversions.set(event.conversion.id, lasting(event.conversion));
        return;
      case 'removed':
        for (const id of event.ids) conversions.delete(id);
        return;
      case 'notification':
        notifications.set(event.notification.id, event.notification.readAt !== undefined);
        return;
      case 'read':
        for (const id of event.ids) notifications.set(id, true);
        return;
      case 'progress':
        return;
    }
  }

  function catchUp(): void {
    for (const frame of connection?.frames.slice(seen) ?? []) {
      if (frame.type === 'hello' || frame.type === 'at') since = frame.at;
      if (frame.type === 'hello') mustList ||= frame.truncated;
      eventsIn(frame).forEach(apply);
    }
    seen = connection?.frames.length ?? 0;
  }

  async function list(): Promise<void> {
    const known = await listed(stand.test);
    conversions.clear();
    notifications.clear();
    for (const [id, conversion] of Object.entries(known.conversions)) conversions.set(id, conversion);
    for (const [id, isRead] of Object.entries(known.notifications)) notifications.set(id, isRead);
    mustList = false;
  }

  async function listIfTold(): Promise<void> {
    catchUp();
    if (mustList) await list();
  }

  async function come(): Promise<void> {
    if (connection !== undefined) return;
    const opened = await openEvents(stand.url, {
      token: stand.token(owner),
      ...(since === undefined ? {} : { since }),
    });
    const hello = await opened.hello;
    if (since === undefined || hello.truncated) {
      await list();
      // The list is newer than the first frame, and older than the events after it.
      seen = 1;
    } else {
      seen = 0;
    }
    since = hello.at;
    connection = opened;
  }

  async function go(): Promise<void> {
    await listIfTold();
    await connection?.[Symbol.asyncDispose]();
    await listIfTold();
    connection = undefined;
    seen = 0;
  }

  return {
    come: () => (moving = moving.then(come)),
    go: () => (moving = moving.then(go)),
    listIfTold,
    state() {
      catchUp();
      return { conversions: Object.fromEntries(conversions), notifications: Object.fromEntries(notifications) };
    },
  };
}
