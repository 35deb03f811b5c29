import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  /** Whether the request may be sent again though it may have been carried out. Left out, what HTTP says of its method. */
  readonly repeatable?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * A client of several gateways that does no more than HTTP allows. It sends a request again, to the next gateway, if the connection was
 * refused, if the answer is 503 with `Retry-After`, and, if the request is repeatable, if the connection broke before the whole answer had
 * arrived (RFC 9110, sections 9.2.2 and 10.2.3). It keeps one connection to each gateway.
 */
export interface RetryingClient {
  /** The gateway that gets the next request. */
  url(): string;
  /** Makes the next gateway that one. */
  turn(): void;
  /** Resolves with any other answer. Throws what else goes wrong. */
  send(ask: Ask): Promise<Answer>;
  /** How many times a request was sent again. */
  retries(): number;
  close(): void;
}

/** More than a service takes to start on a busy machine. */
const patienceSeconds = 120;
const pauseMilliseconds = 100;

export function createRetryingClient(gateways: readonly string[]): RetryingClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let gateway = 0;
  let count = 0;
  const url = (): string => gateways[gateway % gateways.length] ?? '';

  async function sendOnce({ method, path, headers = {}, body }: Ask): Promise<Answer> {
    const sent = request(`${url()}${path}`, {
      method,
      agent,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.byteLength }) },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const { statusCode: status = 0, headers: answered } = answer;
      buffer(answer).then((whole) => resolve({ status, headers: answered, body: whole }), reject);
    });
    sent.end(body);
    return await promise;
  }

  return {
    url,
    turn() {
      gateway += 1;
    },
    async send(ask) {
      const { repeatable = ask.method !== 'POST' && ask.method !== 'PATCH' } = ask;
      const end = performance.now() + patienceSeconds * 1000;
      for (;;) {
        try {
          const answer = await sendOnce(ask);
          if (answer.status !== 503 || answer.headers['retry-after'] === undefined) return answer;
        } catch (error) {
          if (!repeatable && !isRefused(error)) {
            throw new Error(`${ask.method} ${ask.path} was lost`, { cause: error });
          }
        }
        if (performance.now() > end) throw new Error(`${ask.method} ${ask.path} was not answered for too long`);
        count += 1;
        gateway += 1;
        await delay(pauseMilliseconds);
      }
    },
    retries: () => count,
    close: () => agent.destroy(),
  };
}

/** Whether the request has not left this computer. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}
