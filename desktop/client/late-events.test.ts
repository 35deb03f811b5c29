import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toConversion } from '../../backend/conversions/conversion-view.ts';
import { isSilent, nextRow, type Transition } from '../../backend/conversions/life-cycle.ts';
import { newConversion } from '../../backend/conversions/new-conversion.ts';
import type { ConversionRow } from '../../backend/ports/conversion-store.ts';
import type { Conversion } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { createNewest } from '../../shared/newest-revisions.ts';
import { followConversions } from './follow-conversions.ts';
import { createLocalBackend } from './local-backend.ts';

type Deed = Transition['type'] | 'progress' | 'late progress';
const deeds: readonly Deed[] = [
  'taken',
  'taken',
  'taken',
  'renewed',
  'read',
  'finished',
  'failed',
  'released',
  'lost',
  'cancelled',
  'retried',
  'retried',
  'removed',
  'progress',
  'progress',
  'late progress',
];
const names = ['a', 'b'] as const;
const time = new Date('2030-01-01T00:00:00Z');
const retention = { sourceSeconds: 60, resultSeconds: 60 };
const view = (row: ConversionRow): Conversion => toConversion(row, retention);

/** Two conversions, their events in order, and the final hello. */
function live(steps: readonly (readonly [(typeof names)[number], Deed])[]) {
  const intake = { fileName: 'talk.mp4', batchId: 'batch', options: { format: 'mp3' } } as const;
  const rows = new Map(
    names.map((id) => [id, newConversion('anna', { ...intake, id }, { kind: 'file', path: '/a' }, 1, time)]),
  );
  const told: ServerEvent[] = [...rows.values()].map((row) => ({ type: 'conversion', conversion: view(row) }));
  let fraction = 0;
  /** The state as a converter sees it that lost its lease a while ago. */
  const stale = new Map<string, number>();
  for (const [id, deed] of steps) {
    const row = rows.get(id);
    if (row === undefined) continue;
    if (deed === 'progress') {
      fraction = Math.min(1, fraction + 0.01);
      if (row.state !== 'converting') continue;
      stale.set(id, row.revision);
      told.push({ type: 'progress', id, revision: row.revision, progress: fraction });
    } else if (deed === 'late progress') {
      const revision = stale.get(id);
      if (revision !== undefined) told.push({ type: 'progress', id, revision, progress: fraction });
    } else {
      const change = transition(deed, fraction);
      const next = nextRow(row, change, time.toISOString());
      if (next === undefined) continue;
      rows.set(id, next);
      if (next.removedAt !== undefined) told.push({ type: 'removed', ids: [id] });
      else if (!isSilent(change)) told.push({ type: 'conversion', conversion: view(next) });
    }
  }
  const kept = [...rows.values()].filter(({ removedAt }) => removedAt === undefined).map(view);
  const gone = [...rows.values()].flatMap(({ id, removedAt }) => (removedAt === undefined ? [] : [id]));
  const hello: ServerEvent[] = [
    { type: 'removed', ids: gone },
    ...kept.map((conversion) => ({ type: 'conversion' as const, conversion })),
  ];
  return { told, hello, kept };
}

function transition(type: Transition['type'], progress: number): Transition {
  const result = { fileName: 'talk.mp3', bytes: 1, durationSeconds: 2, sha256: 'ab', peaks: [] };
  const changes: Partial<Record<Transition['type'], Transition>> = {
    renewed: { type: 'renewed', progress },
    read: { type: 'read', tracks: [{ index: 0, codec: 'aac', channels: 2 }], durationSeconds: 2 },
    finished: { type: 'finished', result, warnings: [] },
    failed: { type: 'failed', error: { code: 'damaged', message: 'It is damaged.' } },
  };
  return changes[type] ?? ({ type } as Transition);
}

/** A listener that applies each event that it gets. */
function believer() {
  const known = new Map<string, Conversion>();
  return {
    known,
    hear(event: ServerEvent): void {
      if (event.type === 'conversion') known.set(event.conversion.id, event.conversion);
      if (event.type === 'removed') for (const id of event.ids) known.delete(id);
      const moved = event.type === 'progress' ? known.get(event.id) : undefined;
      if (event.type === 'progress' && moved !== undefined) {
        known.set(event.id, { ...moved, revision: event.revision, progress: event.progress });
      }
    },
  };
}

/** The ways in which our clients receive events. Each returns a function that sends an event through the client to a listener. */
const clients = {
  'a filter alone'(hear: (event: ServerEvent) => void) {
    const newest = createNewest();
    return { tell: (event: ServerEvent) => void (newest.hear(event) && hear(event)), end: () => {} };
  },
  'the backend of this computer'(hear: (event: ServerEvent) => void) {
    let tell = (_event: ServerEvent): void => {};
    const channel = {
      subscribe(listener: (event: ServerEvent) => void) {
        tell = listener;
        return () => {};
      },
    };
    const end = createLocalBackend(channel as Parameters<typeof createLocalBackend>[0]).follow(hear);
    return { tell: (event: ServerEvent) => tell(event), end };
  },
  'the follower of a batch'(hear: (event: ServerEvent) => void) {
    let tell = (_event: ServerEvent): void => {};
    const follower = followConversions(
      {
        follow(listener) {
          tell = listener;
          return () => {};
        },
        get: () => Promise.reject(new Error('nobody asks')),
      },
      'batch',
      hear,
    );
    return { tell: (event: ServerEvent) => tell(event), end: () => follower[Symbol.dispose]() };
  },
} as const;

it.each(Object.entries(clients))(
  'after reordered, repeated and lost events and a hello, %s has the same state as the store',
  (_name, open) => {
    const life = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...deeds)), { maxLength: 40 });
    const picks = fc.array(fc.nat({ max: 60 }), { maxLength: 60 });
    fc.assert(
      fc.property(life, picks, picks, (steps, before, after) => {
        const { told, hello, kept } = live(steps);
        const { known, hear } = believer();
        const { tell, end } = open(hear);
        const deliver = (pick: number): void => {
          const event = told[pick % told.length];
          if (event !== undefined) tell(event);
        };
        before.forEach(deliver);
        hello.forEach(tell);
        after.forEach(deliver);
        end();
        for (const conversion of kept) {
          const { progress, ...rest } = known.get(conversion.id) ?? expect.unreachable('it is not known');
          const { progress: stored, ...expected } = conversion;
          expect(rest).toEqual(expected);
          // Only progress may be ahead of the row.
          if (conversion.state === 'converting') expect(progress).toBeGreaterThanOrEqual(stored);
          else expect(progress).toBe(stored);
        }
        const ids = kept.map(({ id }) => id);
        if (open !== clients['the follower of a batch']) expect([...known.keys()].toSorted()).toEqual(ids.toSorted());
      }),
      { numRuns: 500 },
    );
  },
);
