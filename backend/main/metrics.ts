import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { hasEnded } from '../../shared/api.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import type { Route } from '../http/routes.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { type EventBus, everyone } from '../ports/event-bus.ts';

/** What an operator's Prometheus is told of a server. Names and labels hold nothing of anyone: no address, no id, no file name. */
export interface Metrics {
  /** To be called with each answer. */
  countAnswer(facts: AnswerFacts): void;
  /** `GET /metrics`: belongs on a port of its own, which the public cannot reach. */
  readonly route: Route;
  close(): void;
}

export interface MetricsParts {
  readonly store: ConversionStore;
  readonly events: EventBus;
}

/** Seconds: from a cached answer to an upload of hours. */
const durationBuckets = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600];

export function createMetrics({ store, events }: MetricsParts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const answers = new Histogram({
    name: 'soundlift_http_request_seconds',
    help: 'How long requests took, from their head to the end of their answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers,
  });
  const ended = new Counter({
    name: 'soundlift_conversions_ended_total',
    help: 'Conversions that ended here, by how; code is the reason of failed ones.',
    labelNames: ['state', 'code'],
    registers,
  });
  const sound = new Counter({
    name: 'soundlift_sound_seconds_total',
    help: 'Seconds of sound in the MP3s that were made.',
    registers,
  });
  new Gauge({
    name: 'soundlift_conversions',
    help: 'Conversions that have not ended, by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      for (const [state, count] of Object.entries(await store.countActive())) this.set({ state }, count);
    },
  });

  /** Those that were seen at work: more can happen to one that has ended, and that is not another end. */
  const atWork = new Set<string>();
  const subscription = events.subscribe({ owner: everyone, kinds: ['conversion'] }, ({ event }) => {
    if (event.type !== 'conversion') return;
    const { id, state, error, result } = event.conversion;
    if (!hasEnded(state)) atWork.add(id);
    if (!hasEnded(state) || !atWork.delete(id)) return;
    ended.inc({ state, code: error?.code ?? '' });
    if (result !== undefined) sound.inc(result.durationSeconds);
  });

  return {
    countAnswer({ method, route, status, seconds }) {
      answers.observe({ method, route, status }, seconds);
    },
    route: {
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
    },
    close: subscription.end,
  };
}
