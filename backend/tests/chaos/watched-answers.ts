import type { SupervisedService } from './supervised-service.ts';

/**
 * A gateway must answer within this, whatever it depends on. Only one that was killed or frozen meanwhile may take longer. It gives auth
 * 5 s and the database 8 s for each command, of which the first that fails is the last.
 */
export const answerSeconds = 20;
/** The same for an upload. After a failure, it also keeps trying to store where the upload stands, until it loses its lease. */
export const uploadSeconds = 45;

/** How the gateways have answered. Each answer that they must not give is a violation. */
export interface WatchedAnswers {
  /** Records the answer to a request that began at `begunAt` (`performance.now()`). */
  answered(gateway: SupervisedService, request: string, begunAt: number, answer: Answer): void;
  /** Records that there was no answer: the connection broke, or the gateway took longer than it may. */
  unanswered(gateway: SupervisedService, request: string, begunAt: number, why: 'broken' | 'late'): void;
  /** Whether since then (`performance.now()`) a gateway said 503 to a request whose name begins so. */
  wasUnavailable(request: string, since: number): boolean;
  /** One line for people. */
  summary(): string;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null | undefined;
}

/** No client of a test does anything that another status would answer. */
const expectedStatuses: readonly number[] = [200, 201, 204, 409, 423, 429, 503];

export function watchAnswers(violate: (what: string) => void): WatchedAnswers {
  const counts = new Map<number | string, number>();
  const unavailable: { readonly request: string; readonly begunAt: number }[] = [];
  let longest = 0;
  const count = (what: number | string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

  return {
    answered(gateway, request, begunAt, { status, retryAfter }) {
      count(status);
      if (gateway.upSince() <= begunAt) longest = Math.max(longest, (performance.now() - begunAt) / 1000);
      if (!expectedStatuses.includes(status)) violate(`${gateway.title} answered ${status} to ${request}`);
      if (status !== 503) return;
      if (!(Number(retryAfter) >= 1)) violate(`${gateway.title} said 503 without Retry-After to ${request}`);
      unavailable.push({ request, begunAt });
    },
    unanswered(gateway, request, begunAt, why) {
      const isExcused = gateway.upSince() > begunAt;
      count(isExcused ? 'lost with a gateway' : 'connection lost');
      if (why === 'late' && !isExcused) violate(`${gateway.title} did not answer ${request} in time`);
    },
    wasUnavailable: (request, since) =>
      unavailable.some((one) => one.begunAt >= since && one.request.startsWith(request)),
    summary() {
      const sorted = [...counts].toSorted(([one], [other]) => String(one).localeCompare(String(other)));
      const all = sorted.map(([what, times]) => `${times} × ${what}`).join(', ');
      return `answers of the gateways: ${all}; the longest after ${longest.toFixed(1)} s`;
    },
  };
}
