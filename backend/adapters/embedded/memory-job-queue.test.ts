import { describe, expect, it, vi } from 'vitest';
import { describeJobQueue } from '../../ports/job-queue.contract.ts';
import { createMemoryJobQueue } from './memory-job-queue.ts';

describeJobQueue('memory', async () => {
  const queue = createMemoryJobQueue(() => undefined);
  return {
    queue,
    peer: queue,
    publishRaw: async (body) => void (await queue.publishMessage(body)),
    dispose: () => queue.close(),
  };
});

describe('a queue in memory', () => {
  it('tells what a handler has thrown, but not that it gave up when it was stopped', async () => {
    const onError = vi.fn();
    const queue = createMemoryJobQueue(onError);
    const error = new Error('this handler is broken');
    let jobs = 0;
    const consumer = await queue.consume(
      async ({ signal }) => {
        jobs += 1;
        const isFirst = jobs === 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw isFirst ? signal.reason : error;
      },
      { places: 2 },
    );
    await consumer.stop();
    expect(onError.mock.calls).toEqual([[error]]);
    await queue.close();
  });
});
