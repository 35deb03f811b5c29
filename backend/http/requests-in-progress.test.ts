import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listenSomewhere } from '../tests/running/listen-somewhere.ts';
import { handleRequest } from './requests-in-progress.ts';

it('nothing goes on reading a body whose request has been handled', async () => {
  const signals: AbortSignal[] = [];
  const server = createServer((_request, response) => {
    void handleRequest(response, async (signal) => {
      signals.push(signal);
      response.end();
    });
  });
  await using listening = await listenSomewhere(server);
  await fetch(`http://127.0.0.1:${listening.port}`);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});
