import { setTimeout as delay } from 'node:timers/promises';
import type { SupervisedService } from './supervised-service.ts';
import { answerSeconds, type WatchedAnswers } from './watched-answers.ts';

const everyMilliseconds = 300;
/** What needs nothing, auth with MySQL, and MongoDB besides. */
export const probes = { health: 'GET /healthz', account: 'GET /api/v1/me', list: 'GET /api/v1/conversions' } as const;

/** Asks every gateway all the time, each question by itself, until `signal` fires. */
export async function probeGateways(
  gateways: readonly SupervisedService[],
  token: string,
  answers: WatchedAnswers,
  signal: AbortSignal,
): Promise<void> {
  async function ask(gateway: SupervisedService, probe: string): Promise<void> {
    const begunAt = performance.now();
    const late = AbortSignal.timeout(answerSeconds * 1000);
    try {
      const url = gateway.url + probe.slice('GET '.length);
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: late });
      await answer.arrayBuffer();
      answers.answered(gateway, probe, begunAt, {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
      });
    } catch {
      answers.unanswered(gateway, probe, begunAt, late.aborted ? 'late' : 'broken');
    }
  }

  async function askAgainAndAgain(gateway: SupervisedService, probe: string): Promise<void> {
    while (!signal.aborted) {
      await ask(gateway, probe);
      await delay(everyMilliseconds);
    }
  }
  await Promise.all(
    gateways.flatMap((gateway) => Object.values(probes).map((probe) => askAgainAndAgain(gateway, probe))),
  );
}
