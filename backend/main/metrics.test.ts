import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { createApp } from '../http/app.ts';
import { startServer } from '../http/server.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { createConversions } from '../tests/all-sides.ts';
import { makeTestConversions } from '../tests/test-conversions.ts';
import { finishConversion, startTestGateway } from '../tests/test-gateway.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const log = pino({ level: 'silent' });

async function* some(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const intake = { fileName: 'secret plans.mp4', options: { format: 'mp3' } } as const;

it('shows how many conversions wait and run, and counts how they ended', async () => {
  const metrics = createMetrics();
  await using test = await makeTestConversions({ onTransition: metrics.countTransition });
  const { owned, sweeper } = test.conversions;
  const receive = async () => await (await owned.receive('someone', intake, some('bytes'))).accept();
  const [done, cancelled, failed] = [await receive(), await receive(), await receive()];
  await receive();
  await finishConversion(test, done.id, Buffer.from('mp3'));
  await owned.cancel('someone', cancelled.id);
  const lost = await test.take(failed.id);
  await sweeper.recover();
  const taken = await test.take(failed.id);
  if (taken.kind !== 'work' || lost.kind !== 'work') throw new Error('it cannot be taken');
  await taken.work.fail(new AppError('no_audio', 'There is no sound in it.'));
  // Further changes to an ended conversion do not count as another end.
  await owned.remove('someone', failed.id);
  await lost.work[Symbol.asyncDispose]();

  const text = await scrape(metrics, test.store);
  expect(text).toContain('soundlift_conversions{state="queued"} 1');
  expect(text).toContain('soundlift_conversions{state="converting"} 0');
  expect(text).toContain('soundlift_conversion_attempts_total 3');
  expect(text).toContain('soundlift_conversions_ended_total{state="done",code=""} 1');
  expect(text).toContain('soundlift_conversions_ended_total{state="cancelled",code=""} 1');
  expect(text).toContain('soundlift_conversions_ended_total{state="failed",code="no_audio"} 1');
  expect(text).toContain('soundlift_sound_seconds_total 2');
  expect(text).toContain('soundlift_lost_leases_total{state="converting"} 1');
  expect(text).not.toContain('secret');
});

it('counts a change only in the process that made it', async () => {
  const [here, elsewhere] = [createMetrics(), createMetrics()];
  await using test = await makeTestConversions({ onTransition: here.countTransition });
  const other = createConversions({
    ...test,
    mailOutbox: { async *list() {}, replace: async () => false },
    retention: { sourceSeconds: 1, resultSeconds: 1 },
    log,
    onTransition: elsewhere.countTransition,
  });
  const { id } = await (await test.conversions.owned.receive('someone', intake, some('bytes'))).accept();
  await other.owned.cancel('someone', id);
  other.close();
  const cancels = 'soundlift_conversions_ended_total{state="cancelled",code=""}';
  expect(await scrape(elsewhere, test.store)).toContain(`${cancels} 1`);
  expect(await scrape(here, test.store)).not.toContain(cancels);
});

it('counts responses by route, and never by the values in the path', async () => {
  const metrics = createMetrics();
  await using test = await makeTestConversions();
  await using gateway = await startTestGateway({ onAnswer: metrics.countAnswer });
  const account = await gateway.account();
  await account.fetch('/api/v1/conversions/an-id-of-someone');
  await account.fetch('/nothing-here');
  await fetch(`${gateway.url}/healthz`, { method: 'PROPFIND' });

  const text = await scrape(metrics, test.store);
  expect(text).toContain('_count{method="GET",route="/api/v1/conversions/:id",status="404"} 1');
  expect(text).toContain('_count{method="GET",route="none",status="404"} 1');
  expect(text).toContain('_count{method="other",route="/healthz",status="405"} 1');
  expect(text).not.toContain('an-id-of-someone');
});

it('counts skipped items by kind', async () => {
  const metrics = createMetrics();
  await using test = await makeTestConversions();
  metrics.countSkipped({ kind: 'blob', id: 'secret', what: 'could not', cause: 'why' });
  metrics.countSkipped({ kind: 'blob', id: 'secret', what: 'could not', cause: 'why' });
  const text = await scrape(metrics, test.store);
  expect(text).toContain('soundlift_skipped_items_total{kind="blob"} 2');
  expect(text).not.toContain('secret');
});

it('reports all else while the store cannot be reached', async () => {
  const metrics = createMetrics();
  metrics.countSkipped({ kind: 'mail', id: '1', what: 'could not', cause: 'why' });
  const countActive = () => Promise.reject(new AppError('unavailable', 'The store cannot be reached.'));
  const text = await scrape(metrics, { countActive });
  expect(text).toContain('soundlift_skipped_items_total{kind="mail"} 1');
  expect(text).not.toContain('soundlift_conversions{');
});

/** Reads the metrics as Prometheus does. */
async function scrape(metrics: Metrics, store: Pick<ConversionStore, 'countActive'>): Promise<string> {
  const authentication = { identify: () => Promise.reject(new Error('nobody signs in here')) };
  const app = createApp({
    routes: [metrics.route(store)],
    authentication,
    hosts: { loopback: true },
    trustedProxies: [],
    log,
  });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log });
  const answer = await fetch(`${server.url}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; .*version=/);
  const text = await answer.text();
  await server.close();
  return text;
}
