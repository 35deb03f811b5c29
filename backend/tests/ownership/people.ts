import { randomUUID } from 'node:crypto';
import { beforeAll, expect } from 'vitest';
import { z } from 'zod';
import { notificationSchema } from '../../../shared/api.ts';
import type { TestAccount } from '../test-account.ts';
import type { OwnershipBackend } from './ownership-backend.ts';
import type { Thing } from './route-calls.ts';

/** An owner and others who must not reach what is the owner's. */
export interface People {
  readonly owner: TestAccount;
  readonly stranger: TestAccount;
  readonly admin: TestAccount;
  /** Creates a thing for the owner and returns its id. */
  make(thing: Thing): Promise<string>;
  /**
   * Everything that the owner has, as the owner sees it and as it is stored. Positions in the queue are left out: they also tell of
   * the conversions of others before them.
   */
  possessions(): Promise<unknown>;
}

/** Makes them with a hook of vitest. */
export function setUpPeople(backend: () => OwnershipBackend): People {
  let owner: TestAccount;
  let stranger: TestAccount;
  let admin: TestAccount;
  beforeAll(async () => {
    owner = await backend().account();
    stranger = await backend().account();
    admin = await backend().account({ admin: true });
  });

  const things: Readonly<Record<Thing, () => Promise<string>>> = {
    async done() {
      const { id } = await owner.upload('video');
      await backend().finish(id, Buffer.from('the whole MP3'));
      return id;
    },
    async queued() {
      return (await owner.upload('video')).id;
    },
    async cancelled() {
      const { id } = await owner.upload('video');
      await owner.fetch(`/api/v1/conversions/${id}/cancel`, { method: 'POST' });
      return id;
    },
    async 'unfinished upload'() {
      const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' };
      const answer = await owner.fetch('/api/v1/uploads', { method: 'POST', headers });
      expect(answer.status).toBe(201);
      return z.string().parse(answer.headers.get('x-conversion-id'));
    },
    async notification() {
      const id = randomUUID();
      const notification = notificationSchema.parse({
        id,
        kind: 'one',
        batchId: id,
        conversionIds: [id],
        counts: { done: 1, failed: 0, warned: 0 },
        seconds: 1,
        bytes: 1,
        message: 'talk.mp3 is ready.',
        createdAt: new Date().toISOString(),
      });
      await backend().notify(owner.id, notification);
      return id;
    },
  };

  return {
    get owner() {
      return owner;
    },
    get stranger() {
      return stranger;
    },
    get admin() {
      return admin;
    },
    make: (thing) => things[thing](),
    async possessions() {
      const [conversions, notifications, account, blobs] = await Promise.all([
        owner.fetch('/api/v1/conversions?limit=100').then((answer) => answer.text()),
        owner.fetch('/api/v1/notifications?limit=100').then((answer) => answer.text()),
        owner.fetch('/api/v1/me').then((answer) => answer.text()),
        backend().blobs(),
      ]);
      return {
        conversions: conversions.replaceAll(/"position":\d+,?/gu, ''),
        notifications,
        account,
        blobs: blobs.filter((blob) => conversions.includes(blob.split(' ')[1] ?? '')),
      };
    },
  };
}
