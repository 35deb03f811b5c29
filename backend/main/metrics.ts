import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Transition } from '../conversions/life-cycle.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import type { Route } from '../http/routes.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { SkippedItem } from '../ports/skipped-item.ts';

/**
 * The Prometheus metrics of a process. Each process counts only what it has done itself, so the sum over all processes is right.
 * Names and labels contain no personal data: no address, no id, no file name.
 */
export interface Metrics {
  /** Call this for each response. */
  countAnswer(facts: AnswerFacts): void;
  /** Call this for each transition that this process has written, with the row after it. */
  countTransition(change: Transition, row: ConversionRow): void;
  /** Call this for each skipped item that is logged. */
  countSkipped(item: SkippedItem): void;
  /** `GET /metrics`. Serve it on its own port, which the public cannot reach. */
  route(store: Pick<ConversionStore, 'countActive'>): Route;
}

/** Seconds: from a cached response to an upload of hours. */
const durationBuckets = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const answers = new Histogram({
    name: 'soundlift_http_request_seconds',
    help: 'Duration of requests, from their head to the end of their answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers,
  });
  const attempts = new Counter({
    name: 'soundlift_conversion_attempts_total',
    help: 'Attempts to convert that this process started.',
    registers,
  });
  const ended = new Counter({
    name: 'soundlift_conversions_ended_total',
    help: 'Conversions that this process ended, by outcome. code is the reason if they failed.',
    labelNames: ['state', 'code'],
    registers,
  });
  const sound = new Counter({
    name: 'soundlift_sound_seconds_total',
    help: 'Seconds of sound in the MP3s that this process made.',
    registers,
  });
  const lostLeases = new Counter({
    name: 'soundlift_lost_leases_total',
    help: 'Conversions and uploads that this process took over because their holder was gone.',
    labelNames: ['state'],
    registers,
  });

  const skippedItems = new Counter({
    name: 'soundlift_skipped_items_total',
    help: 'Items that this process could not handle and skipped, by kind. Each counts once an hour. The log names them.',
    labelNames: ['kind'],
    registers,
  });

  return {
    countSkipped({ kind }) {
      skippedItems.inc({ kind });
    },
    countAnswer({ method, route, status, seconds }) {
      answers.observe({ method, route, status }, seconds);
    },
    countTransition(change, { state, error, result }) {
      switch (change.type) {
        case 'taken':
          return attempts.inc();
        case 'finished':
          sound.inc(result?.durationSeconds);
          return ended.inc({ state, code: '' });
        case 'failed':
        case 'cancelled':
          return ended.inc({ state, code: error?.code ?? '' });
        case 'lost':
          return lostLeases.inc({ state: 'converting' });
        case 'writer_lost':
          return lostLeases.inc({ state: 'uploading' });
        default:
          return;
      }
    },

    route(store) {
      new Gauge({
        name: 'soundlift_conversions',
        help: 'Unfinished conversions of the whole system, by state. Every process reports the same.',
        labelNames: ['state'],
        registers,
        async collect() {
          this.reset();
          // While the store cannot be reached, the other metrics are still reported.
          const counts = await store.countActive().catch(() => ({}));
          for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
        },
      });
      return {
        method: 'get',
        path: '/metrics',
        access: 'anyone',
        operation: {
          summary: 'Tell Prometheus how the server does',
          answers: { 200: { description: 'The metrics', body: { contentType: registry.contentType } } },
        },
        async handle({ response }) {
          response.type(registry.contentType).send(await registry.metrics());
        },
      };
    },
  };
}
