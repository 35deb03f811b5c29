import { describe, expect, it } from 'vitest';
import type { Conversion, Notification } from '../../shared/api.ts';
import { createToldChanges } from './told-changes.ts';

const conversion = { id: 'a', revision: 3 } as Conversion;
const notification = { id: 'n' } as Notification;
const readAt = '2030-01-01T00:00:00.000Z';

describe('what a client was told', () => {
  it('covers a row up to the newest revision that it heard of', () => {
    const told = createToldChanges();
    expect(told.coversRow({ id: 'a', revision: 1 })).toBe(false);
    told.note({ type: 'conversion', conversion });
    told.note({ type: 'conversion', conversion: { ...conversion, revision: 2 } });
    told.note({ type: 'progress', id: 'a', revision: 9, progress: 0.5 });
    expect([3, 4].map((revision) => told.coversRow({ id: 'a', revision }))).toEqual([true, false]);
    expect(told.coversRow({ id: 'b', revision: 1 })).toBe(false);
  });

  it('covers a removal only if it heard of the removal', () => {
    const told = createToldChanges();
    told.note({ type: 'conversion', conversion });
    expect(told.coversRow({ id: 'a', revision: 3, removedAt: readAt })).toBe(false);
    told.note({ type: 'removed', ids: ['a'] });
    expect(told.coversRow({ id: 'a', revision: 4, removedAt: readAt })).toBe(true);
  });

  it('covers a notification as it was told, and one that was read since', () => {
    const told = createToldChanges();
    told.note({ type: 'read', ids: ['n'] });
    expect(told.coversNotification({ ...notification, readAt })).toBe(false);
    const another = createToldChanges();
    another.note({ type: 'notification', notification });
    expect(another.coversNotification(notification)).toBe(true);
    expect(another.coversNotification({ ...notification, mail: 'sent' })).toBe(false);
    expect(another.coversNotification({ ...notification, readAt })).toBe(false);
    another.note({ type: 'read', ids: ['n'] });
    expect(another.coversNotification({ ...notification, readAt })).toBe(true);
  });
});
