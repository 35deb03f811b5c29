import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { describeJobQueue } from '../../ports/job-queue.contract.ts';
import { createMemoryJobQueue } from './memory-job-queue.ts';

describeJobQueue('memory', async () => {
  const queue = createMemoryJobQueue(() => undefined);
  return {
    queue,
    peer: queue,
    async publishRaw(body) {
      while (!(await queue.publishMessage(body))) await setImmediate();
    },
    dispose: () => queue.close(),
  };
});

describe('a queue in memory', () => {
  it('reports what a handler throws, except the reason of a stop', async () => {
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
