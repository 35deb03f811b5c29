import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import { createApp } from '../../http/app.ts';
import type { Call, Route } from '../../http/routes.ts';
import { type RunningServer, startServer } from '../../http/server.ts';
import { type CheckedAnswers, checkAnswers } from './checked-answers.ts';

let server: RunningServer;
let answers: CheckedAnswers;
let isChecked: Promise<unknown>;
afterEach(() => server.close());

/** Serves a route with a fixed description and the given handler, and calls it once. */
async function ask(handle: (call: Call) => Promise<void>, method = 'GET'): Promise<void> {
  const route: Route = {
    method: 'get',
    path: '/number',
    access: 'anyone',
    operation: {
      summary: 'Get a number',
      answers: {
        200: {
          description: 'One.',
          body: { schema: z.object({ number: z.number() }) },
          headers: { 'X-Kind': 'Its kind.' },
        },
        204: { description: 'None.' },
      },
      problems: ['gone'],
    },
    handle,
  };
  const log = pino({ level: 'silent' });
  const authentication = { identify: () => Promise.reject(new Error('must not be called')) };
  const app = createApp({ routes: [route], authentication, hosts: { loopback: true }, trustedProxies: [], log });
  answers = checkAnswers(app, [route]);
  const listener: RequestListener = (request, response) => {
    isChecked = once(response, 'finish');
    answers.listener(request, response);
  };
  server = await startServer(listener, { host: '127.0.0.1', port: 0, log });
  await send(method);
}

async function send(method: string): Promise<void> {
  await (await fetch(`${server.url}/number`, { method })).text();
  // The client may see the answer before it is checked.
  await isChecked;
}

it.each<[string, (call: Call) => Promise<void>]>([
  ['that is as described', async ({ response }) => void response.set('X-Kind', 'odd').json({ number: 1 })],
  ['without a body', async ({ response }) => void response.status(204).end()],
  ['that is a problem of the route', () => Promise.reject(new AppError('gone', 'Gone.'))],
  ['that is a problem of all routes', () => Promise.reject(new AppError('forbidden', 'No.'))],
])('accepts an answer %s', async (_what, handle) => {
  await ask(handle);
  expect(() => answers.expectDescribed()).not.toThrow();
});

it('accepts an answer to HEAD, and to a method that the route lacks', async () => {
  await ask(async ({ response }) => void response.set('X-Kind', 'odd').json({ number: 1 }), 'HEAD');
  await send('POST');
  expect(() => answers.expectDescribed()).not.toThrow();
});

it.each<[string, (call: Call) => Promise<void>, RegExp]>([
  ['of another shape', async ({ response }) => void response.set('X-Kind', '').json({ number: 'one' }), /does not fit/],
  [
    'with an unknown field',
    async ({ response }) => void response.set('X-Kind', '').json({ number: 1, more: 2 }),
    /more than/,
  ],
  ['without its header', async ({ response }) => void response.json({ number: 1 }), /without the header X-Kind/],
  [
    'of another type',
    async ({ response }) => void response.set('X-Kind', '').type('html').send('{"number":1}'),
    /type is text\/html/,
  ],
  ['with another status', async ({ response }) => void response.status(202).json({}), /no problem/],
  [
    'with a problem that the route does not have',
    () => Promise.reject(new AppError('taken', 'Taken.')),
    /code taken is not described/,
  ],
  ['that is a problem by its status alone', async ({ response }) => void response.status(404).json({}), /no problem/],
])('rejects an answer %s', async (_what, handle, complaint) => {
  await ask(handle);
  expect(() => answers.expectDescribed()).toThrow(complaint);
});
