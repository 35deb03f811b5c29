import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { BlobStore } from '../ports/blob-store.ts';
import { makeTestConversions } from '../tests/test-conversions.ts';
import { startOwnerSide } from './services.ts';

it('owners are served before the first tidying has ended', async () => {
  await using test = await makeTestConversions();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const videos: BlobStore = {
    ...test.videos,
    async *list() {
      await gate;
      yield* test.videos.list();
    },
  };
  const log = pino({ level: 'silent' });
  const parts = { ...test, conversions: test.store, videos, log, exclusive: true };
  {
    await using side = await startOwnerSide(parts, { keepResultDays: 1 });
    expect((await side.owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
    open();
  }
});
