import type { OnTransition } from '../conversions/rows.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import { openClusterParts } from './cluster-parts.ts';
import { openMetrics, serveMetrics } from './metrics-server.ts';
import type { ServiceProcess } from './run-service.ts';

/** What a service counts if it has metrics. */
interface Counting {
  readonly onTransition?: OnTransition;
  readonly onAnswer?: (facts: AnswerFacts) => void;
}

/**
 * Makes the parts of a gateway, a converter or a notifier that is a process of its own, and serves its metrics if the settings name a port
 * for them. Throws as `openClusterParts` does.
 */
export async function openServiceParts(
  { config, log, running, signal, say }: ServiceProcess,
  options: { readonly workFolder?: string } = {},
): Promise<Awaited<ReturnType<typeof openClusterParts>> & Counting> {
  const metrics = await openMetrics(config);
  const parts = running.use(
    await openClusterParts(config, log, { ...options, signal, onSkipped: metrics?.countSkipped }),
  );
  if (metrics === undefined) return parts;
  const server = await serveMetrics(metrics, config, parts);
  running.defer(() => server.close());
  say(`metrics on ${server.url}/metrics`);
  return { ...parts, onTransition: metrics.countTransition, onAnswer: metrics.countAnswer };
}
