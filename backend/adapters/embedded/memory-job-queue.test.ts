import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { ConversionMessage } from '../../messages.ts';
import { describeJobQueue } from '../../ports/job-queue.contract.ts';
import { createMemoryJobQueue } from './memory-job-queue.ts';

describeJobQueue('memory', async () => {
  const queue = createMemoryJobQueue<ConversionMessage>(() => undefined);
  return { queue, peer: queue, dispose: () => queue.close() };
});

describe('a queue in memory', () => {
  it('takes a message that waits already only once, in its first place', async () => {
    const queue = createMemoryJobQueue<ConversionMessage>(() => undefined);
    const handed: string[] = [];
    for (const conversionId of ['a', 'b', 'a', 'c', 'b']) await queue.publish({ conversionId });
    await queue.consume(
      async ({ conversionId }) => {
        handed.push(conversionId);
        return { kind: 'done' };
      },
      { concurrency: 1 },
    );
    await wait(20);
    expect(handed).toEqual(['a', 'b', 'c']);
    await queue.close();
  });

  it('hands out at once, and once, what is published again while it waits for its retry', async () => {
    const queue = createMemoryJobQueue<ConversionMessage>(() => undefined);
    let handed = 0;
    await queue.consume(
      async () => {
        handed++;
        return handed === 1 ? { kind: 'retry', delaySeconds: 0.2 } : { kind: 'done' };
      },
      { concurrency: 1 },
    );
    await queue.publish({ conversionId: 'a' });
    await wait(20);
    expect(handed).toBe(1);
    await queue.publish({ conversionId: 'a' });
    await wait(20);
    expect(handed).toBe(2);
    await wait(300);
    expect(handed).toBe(2);
    await queue.close();
  });

  it('tells of what a handler throws, and of the message that it threw at', async () => {
    const onError = vi.fn();
    const queue = createMemoryJobQueue<ConversionMessage>(onError);
    const error = new Error('this handler is broken');
    await queue.consume(
      () => {
        throw error;
      },
      { concurrency: 1 },
    );
    await queue.publish({ conversionId: 'a' });
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(error, { conversionId: 'a' }));
    await queue.close();
  });

  it('takes the signal’s own reason for no error, and another for one, when it is stopped', async () => {
    const onError = vi.fn();
    const queue = createMemoryJobQueue<ConversionMessage>(onError);
    const error = new Error('this handler is broken');
    const consumer = await queue.consume(
      async ({ conversionId }, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw conversionId === 'a' ? signal.reason : error;
      },
      { concurrency: 2 },
    );
    await queue.publish({ conversionId: 'a' });
    await queue.publish({ conversionId: 'b' });
    await consumer.stop();
    expect(onError.mock.calls).toEqual([[error, { conversionId: 'b' }]]);
    await queue.close();
  });

  it('keeps a message as it was when it was published', async () => {
    const queue = createMemoryJobQueue<{ conversionId: string }>(() => undefined);
    const message = { conversionId: 'a' };
    await queue.publish(message);
    message.conversionId = 'b';
    const handed = Promise.withResolvers<string>();
    await queue.consume(
      async ({ conversionId }) => {
        handed.resolve(conversionId);
        return { kind: 'done' };
      },
      { concurrency: 1 },
    );
    expect(await handed.promise).toBe('a');
    await queue.close();
  });

  it.each([Number.POSITIVE_INFINITY, 1e9])(
    'waits as long as a timer can for a delay of %d seconds',
    async (delaySeconds) => {
      const queue = createMemoryJobQueue<ConversionMessage>(() => undefined);
      let handed = 0;
      await queue.consume(
        async () => {
          handed++;
          return { kind: 'retry', delaySeconds };
        },
        { concurrency: 1 },
      );
      await queue.publish({ conversionId: 'a' });
      await wait(50);
      expect(handed).toBe(1);
      await queue.close();
    },
  );

  it('refuses to be consumed once it was closed', async () => {
    const queue = createMemoryJobQueue<ConversionMessage>(() => undefined);
    await queue.close();
    const consuming = queue.consume(async () => ({ kind: 'done' }), { concurrency: 1 });
    await expect(consuming).rejects.toMatchObject({ code: 'unavailable' });
  });
});
