import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../shared/api.ts';
import { conversionStates } from '../../shared/conversion-states.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import { nextRow, type Transition } from './life-cycle.ts';

const at = '2026-01-02T03:04:05.000Z';
const later = '2026-01-03T03:04:05.000Z';
const queued: ConversionRow = {
  id: 'c1',
  owner: 'anna',
  state: 'queued',
  attempt: 1,
  revision: 7,
  fileName: 'talk.mp4',
  source: { kind: 'blob' },
  sourceBytes: 100,
  options: { format: 'mp3' },
  progress: 0,
  lostLeases: 0,
  warnings: [],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
const result = { fileName: 'talk.mp3', bytes: 5, durationSeconds: 2, sha256: 'ab', peaks: [1] };
const error = { code: 'no_audio', message: 'There is no sound in it.' } as const;

const changes: Readonly<Record<Transition['type'], Transition>> = {
  uploaded: { type: 'uploaded', sourceBytes: 3 },
  write_begun: { type: 'write_begun', writer: 'w1', writtenFrom: 0, expiresAt: later },
  doubted: { type: 'doubted', unverifiedFrom: 3 },
  write_ended: { type: 'write_ended', progress: 0.5, expiresAt: later },
  writer_lost: { type: 'writer_lost' },
  abandoned: { type: 'abandoned' },
  taken: { type: 'taken', turn: 1, converter: 'one' },
  renewed: { type: 'renewed', progress: 0.5 },
  read: { type: 'read', tracks: [], durationSeconds: 2 },
  finished: { type: 'finished', result, warnings: [] },
  failed: { type: 'failed', error },
  released: { type: 'released' },
  ffmpeg_died: { type: 'ffmpeg_died', notBefore: at },
  lost: { type: 'lost', counts: true },
  cancelled: { type: 'cancelled' },
  retried: { type: 'retried' },
  source_gone: { type: 'source_gone' },
  removed: { type: 'removed' },
};

describe('the life cycle of a conversion', () => {
  // The complete life cycle: where each change leads from each state. Changes that are not listed are refused.
  it.each([
    ['uploading', { uploaded: 'queued', abandoned: 'cancelled', renewed: 'uploading', cancelled: 'cancelled' }],
    ['queued', { taken: 'converting', cancelled: 'cancelled' }],
    [
      'converting',
      {
        renewed: 'converting',
        read: 'converting',
        finished: 'done',
        failed: 'failed',
        released: 'queued',
        ffmpeg_died: 'queued',
        lost: 'queued',
        cancelled: 'cancelled',
      },
    ],
    ['done', { removed: 'done' }],
    ['failed', { retried: 'queued', source_gone: 'failed', removed: 'failed' }],
    ['cancelled', { retried: 'queued', source_gone: 'cancelled', removed: 'cancelled' }],
  ] as const)('allows from %s only the listed changes', (state, expected) => {
    const reached = Object.entries(changes).flatMap(([type, change]) => {
      const next = nextRow({ ...queued, state }, change, at);
      return next === undefined ? [] : [[type, next.state]];
    });
    expect(Object.fromEntries(reached)).toEqual(expected);
  });

  it('raises the revision by one with every change, and keeps id, owner and creation', () => {
    fc.assert(
      fc.property(fc.constantFrom(...conversionStates), fc.constantFrom(...Object.values(changes)), (state, change) => {
        const next = nextRow({ ...queued, state }, change, at);
        if (next === undefined) return;
        expect(next).toMatchObject({ revision: 8, id: 'c1', owner: 'anna', createdAt: queued.createdAt });
      }),
    );
  });

  it('allows no change once it is removed', () => {
    for (const state of conversionStates) {
      for (const change of Object.values(changes)) {
        expect(nextRow({ ...queued, state, removedAt: at }, change, at)).toBeUndefined();
      }
    }
  });

  it('starts a new attempt when its holder is lost, ffmpeg dies or a person retries it, but not when it is given back', () => {
    const converting = { ...queued, state: 'converting', progress: 0.4 } as const;
    expect(nextRow(converting, changes.lost, at)).toMatchObject({ attempt: 2, lostLeases: 1, progress: 0 });
    const uncounted = nextRow(converting, { type: 'lost', counts: false }, at);
    expect(uncounted).toMatchObject({ attempt: 2, lostLeases: 0, progress: 0 });
    expect(nextRow(converting, changes.ffmpeg_died, at)).toMatchObject({ attempt: 2, ffmpegDeaths: 1, progress: 0 });
    const released = nextRow(converting, changes.released, at);
    expect(released).toMatchObject({ attempt: 1, lostLeases: 0, progress: 0 });
    expect(released).not.toHaveProperty('ffmpegDeaths');
    const failed = { ...queued, state: 'failed', error, lostLeases: 9, ffmpegDeaths: 2 } as const;
    const retried = nextRow(failed, changes.retried, at);
    expect(retried).toMatchObject({ attempt: 2, lostLeases: 0 });
    expect(retried).not.toHaveProperty('ffmpegDeaths');
  });

  it('forgets how it ended when it is retried', () => {
    const failed = {
      ...queued,
      state: 'failed',
      error,
      endedAt: at,
      notificationId: 'n1',
      durationSeconds: 3,
    } as const;
    const next = nextRow(failed, changes.retried, at);
    expect(next).not.toHaveProperty('error');
    expect(next).not.toHaveProperty('endedAt');
    expect(next).not.toHaveProperty('notificationId');
    expect(next).not.toHaveProperty('durationSeconds');
  });

  it('keeps the turn at which it was taken, until it is taken again', () => {
    const turnAfter = (row: ConversionRow, change: Transition): number | undefined => nextRow(row, change, at)?.turn;
    expect(turnAfter(queued, { type: 'taken', turn: 4, converter: 'one' })).toBe(4);
    const taken = { ...queued, turn: 4 };
    for (const change of [
      'renewed',
      'read',
      'finished',
      'failed',
      'released',
      'ffmpeg_died',
      'lost',
      'cancelled',
    ] as const) {
      expect(turnAfter({ ...taken, state: 'converting' }, changes[change]), change).toBe(4);
    }
    expect(turnAfter({ ...taken, state: 'done' }, changes.removed)).toBe(4);
    expect(turnAfter(taken, changes.cancelled)).toBe(4);
    for (const state of ['failed', 'cancelled'] as const) {
      expect(turnAfter({ ...taken, state }, changes.retried)).toBe(4);
    }
    expect(turnAfter(taken, { type: 'taken', turn: 5, converter: 'one' })).toBe(5);
  });

  it('cannot be retried without its video', () => {
    expect(nextRow({ ...queued, state: 'failed', sourceGone: true }, changes.retried, at)).toBeUndefined();
    const cancelledUpload = nextRow({ ...queued, state: 'uploading' }, changes.cancelled, at);
    expect(cancelledUpload).toMatchObject({ state: 'cancelled', sourceGone: true });
  });

  it('waits until its due time, and only until it is taken', () => {
    const converting = { ...queued, state: 'converting' } as const;
    for (const change of [{ type: 'released', notBefore: at } as const, changes.ffmpeg_died]) {
      const waiting = nextRow(converting, change, at);
      expect(waiting).toMatchObject({ state: 'queued', notBefore: at });
      expect(nextRow(waiting ?? queued, changes.taken, at)).not.toHaveProperty('notBefore');
    }
  });

  it('never lowers the progress within an attempt', () => {
    const half = { ...queued, state: 'converting', progress: 0.6 } as const;
    expect(nextRow(half, { type: 'renewed', progress: 0.5 }, at)?.progress).toBe(0.6);
  });

  it('does not announce a renewed lease or a notification mark', () => {
    expect(nextRow({ ...queued, state: 'converting' }, changes.renewed, at)?.updatedAt).toBe(queued.updatedAt);
    expect(nextRow({ ...queued, state: 'converting' }, changes.finished, at)?.updatedAt).toBe(at);
  });

  it('keeps no names once it is removed', () => {
    const done = {
      ...queued,
      state: 'done',
      result,
      endedAt: at,
      source: { kind: 'file', path: '/home/x.mp4' },
    } as const;
    const removed = nextRow(done, changes.removed, at);
    expect(JSON.stringify(removed)).not.toMatch(/talk|home/);
  });

  describe('while its video comes as a resumable upload', () => {
    const upload = { metadata: 'filename dGFsaw==', expiresAt: at };
    const waiting: ConversionRow = { ...queued, state: 'uploading', sourceBytes: 0, upload };
    const begun = { type: 'write_begun', writer: 'w1', writtenFrom: 2, expiresAt: later } as const;

    it('allows one writer at a time', () => {
      const written = nextRow(waiting, begun, at) ?? waiting;
      expect(written.upload).toEqual({ ...upload, expiresAt: later, writer: 'w1', writtenFrom: 2 });
      expect(nextRow(written, { ...begun, writer: 'w2' }, at)).toBeUndefined();
      for (const change of [changes.write_ended, changes.writer_lost]) {
        const free = nextRow(written, change, at) ?? waiting;
        expect(free.upload).toEqual({ ...upload, expiresAt: later });
        expect(nextRow(free, { ...begun, writer: 'w2' }, at)?.upload?.writer).toBe('w2');
      }
    });

    it('has a length from the time its client gives it', () => {
      const written = nextRow(waiting, { ...begun, bytes: 7 }, at);
      expect(written).toMatchObject({ sourceBytes: 7, upload: { bytes: 7 } });
    });

    it('does not count bytes that were not verified, even if their writer is lost', () => {
      const written = nextRow(nextRow(waiting, begun, at) ?? waiting, changes.doubted, at) ?? waiting;
      expect(written.upload).toMatchObject({ writer: 'w1', unverifiedFrom: 3 });
      expect(nextRow(written, changes.writer_lost, at)?.upload).toMatchObject({ unverifiedFrom: 3 });
      expect(nextRow(written, changes.write_ended, at)?.upload).not.toHaveProperty('unverifiedFrom');
    });

    it('does not count what a lost writer has added if the computer was started anew', () => {
      const written = nextRow(waiting, begun, at) ?? waiting;
      const lost = nextRow(written, { type: 'writer_lost', restarted: true }, at);
      expect(lost?.upload).toEqual({ ...upload, expiresAt: later, unverifiedFrom: 2 });
    });

    it('keeps its metadata once it is complete, and drops them when it is removed', () => {
      const written = nextRow(waiting, begun, at) ?? waiting;
      const whole = nextRow(written, changes.uploaded, at) ?? waiting;
      expect(whole).toMatchObject({ state: 'queued', sourceBytes: 3 });
      expect(whole.upload).toEqual({ ...upload, expiresAt: later, bytes: 3 });
      expect(nextRow({ ...whole, state: 'done', endedAt: at }, changes.removed, at)).not.toHaveProperty('upload');
    });

    it('is not announced as changed when a writer starts or ends', () => {
      for (const change of [begun, changes.doubted, changes.write_ended, changes.writer_lost]) {
        expect(nextRow(waiting, change, at)?.updatedAt).toBe(queued.updatedAt);
      }
    });
  });

  it('has ended when it is done, failed or cancelled', () => {
    expect(conversionStates.filter(hasEnded)).toEqual(['done', 'failed', 'cancelled']);
  });
});
