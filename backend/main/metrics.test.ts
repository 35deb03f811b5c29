import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createApp } from '../http/app.ts';
import { startServer } from '../http/server.ts';
import { makeTestConversions } from '../tests/test-conversions.ts';
import { finishConversion, startTestGateway } from '../tests/test-gateway.ts';
import { createMetrics } from './metrics.ts';

const log = pino({ level: 'silent' });

async function* some(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

it('tells how many conversions wait and work, and how they ended', async () => {
  await using test = await makeTestConversions();
  const metrics = createMetrics(test);
  const intake = { fileName: 'secret plans.mp4', options: { format: 'mp3' } } as const;
  const { owned } = test.conversions;
  const receive = async () => await (await owned.receive('someone', intake, some('bytes'))).accept();
  const [done, cancelled] = [await receive(), await receive()];
  await receive();
  await finishConversion(test, done.id, Buffer.from('mp3'));
  await owned.cancel('someone', cancelled.id);
  // More that happens to one that has ended is not another end.
  test.events.publish({
    owner: 'someone',
    event: { type: 'conversion', conversion: await owned.get('someone', done.id) },
  });

  const text = await scrape(metrics);
  expect(text).toContain('soundlift_conversions{state="queued"} 1');
  expect(text).toContain('soundlift_conversions{state="converting"} 0');
  expect(text).toContain('soundlift_conversions_ended_total{state="done",code=""} 1');
  expect(text).toContain('soundlift_conversions_ended_total{state="cancelled",code=""} 1');
  expect(text).toContain('soundlift_sound_seconds_total 2');
  expect(text).not.toContain('secret');
  metrics.close();
});

it('counts answers by route, and never by what was in the path', async () => {
  await using test = await makeTestConversions();
  const metrics = createMetrics(test);
  await using gateway = await startTestGateway({ onAnswer: metrics.countAnswer });
  const account = await gateway.account();
  await account.fetch('/api/v1/conversions/an-id-of-someone');
  await account.fetch('/nothing-here');
  await fetch(`${gateway.url}/healthz`, { method: 'PROPFIND' });

  const text = await scrape(metrics);
  expect(text).toContain('_count{method="GET",route="/api/v1/conversions/:id",status="404"} 1');
  expect(text).toContain('_count{method="GET",route="none",status="404"} 1');
  expect(text).toContain('_count{method="other",route="/healthz",status="405"} 1');
  expect(text).not.toContain('an-id-of-someone');
  metrics.close();
});

/** As Prometheus does. */
async function scrape({ route }: ReturnType<typeof createMetrics>): Promise<string> {
  const authentication = { identify: () => Promise.reject(new Error('nobody signs in here')) };
  const app = createApp({ routes: [route], authentication, hosts: { loopback: true }, trustedProxies: [], log });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log });
  const answer = await fetch(`${server.url}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; .*version=/);
  const text = await answer.text();
  await server.close();
  return text;
}
