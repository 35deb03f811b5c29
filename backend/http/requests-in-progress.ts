import type { ServerResponse } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** A request that a route handles. */
interface Handling {
  readonly end: AbortController;
  readonly work: Promise<void>;
}

const handlingsOf = new WeakMap<ServerResponse, Set<Handling>>();

/** The requests that one server has taken and that have not ended yet. */
export interface RequestsInProgress {
  /** Must be called before the request is handled. `isAnswered` is false if the connection leaves HTTP instead. */
  add(response: ServerResponse, isAnswered: boolean): void;
  /** Has the connections of these requests closed after their answers, and tells their clients so. */
  closeAfterAnswers(): void;
  /** Fires the signals of all requests that are handled now. */
  giveUp(reason: AppError): void;
  /** Resolves once all of them have been handled, even if their connections were cut before that. */
  handled(): Promise<void>;
}

export function createRequestsInProgress(): RequestsInProgress {
  const handlings = new Set<Handling>();
  const unanswered = new Set<ServerResponse>();
  return {
    add(response, isAnswered) {
      handlingsOf.set(response, handlings);
      if (!isAnswered) return;
      unanswered.add(response);
      response.once('close', () => unanswered.delete(response));
    },
    closeAfterAnswers() {
      for (const response of unanswered) response.shouldKeepAlive = false;
    },
    giveUp(reason) {
      for (const { end } of handlings) end.abort(reason);
    },
    async handled() {
      while (handlings.size > 0) await Promise.allSettled([...handlings].map(({ work }) => work));
    },
  };
}

/**
 * Handles a request. The signal fires when its client goes away before it has its answer, when the server that took the request cannot
 * wait for it any longer, and at the end: Node does not tell a reader of the body that nothing more comes once the answer has been sent.
 */
export async function handleRequest(
  response: ServerResponse,
  handle: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const end = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) end.abort(new AppError('cancelled', 'The client went away.'));
  });
  const handlings = handlingsOf.get(response);
  const handling = { end, work: handle(end.signal) };
  handlings?.add(handling);
  try {
    await handling.work;
  } finally {
    handlings?.delete(handling);
    end.abort(new AppError('cancelled', 'The request has been handled.'));
  }
}
