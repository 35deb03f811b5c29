import { AppError } from '../../shared/errors.ts';
import { networkOf } from '../http/client-network.ts';

/** Whose work it is, and what for. */
export interface HashingTurn {
  /** The client's address. */
  readonly client: string;
  readonly isSignUp?: boolean;
}

/** Lets clients take turns at hashing passwords, which is expensive. */
export interface HashingTurns {
  /**
   * Runs `task` when its turn comes. Clients take turns, and each client's sign-ups come after all its other work. Throws `too_many` when
   * too many are waiting already.
   */
  run<Result>(turn: HashingTurn, task: () => Promise<Result>): Promise<Result>;
}

export interface HashingTurnsOptions {
  readonly running: number;
  /** For sign-ups, and for everything else. */
  readonly waitingPerClient: number;
  readonly waitingInAll: number;
}

interface Waiting {
  readonly signUps: (() => void)[];
  readonly others: (() => void)[];
}

export function createHashingTurns({ running, waitingPerClient, waitingInAll }: HashingTurnsOptions): HashingTurns {
  /** By client. The one whose turn it is comes first. */
  const clients = new Map<string, Waiting>();
  let waiting = 0;
  let active = 0;

  async function takeTurn({ client, isSignUp = false }: HashingTurn): Promise<void> {
    if (active < running) {
      active += 1;
      return;
    }
    const network = networkOf(client);
    const own = clients.get(network) ?? { signUps: [], others: [] };
    const queue = isSignUp ? own.signUps : own.others;
    if (waiting >= waitingInAll || queue.length >= waitingPerClient) {
      throw new AppError('too_many', 'Too many people are signing in at once. Try again in a moment.', {
        details: { retryAfterSeconds: 2 },
      });
    }
    clients.set(network, own);
    waiting += 1;
    // The task that ends starts this one, so `active` stays the same.
    await new Promise<void>((resolve) => queue.push(resolve));
  }

  function next(): (() => void) | undefined {
    for (const [network, own] of clients) {
      clients.delete(network);
      const first = own.others.shift() ?? own.signUps.shift();
      if (own.others.length + own.signUps.length > 0) clients.set(network, own);
      if (first === undefined) continue;
      waiting -= 1;
      return first;
    }
    return undefined;
  }

  return {
    async run(turn, task) {
      await takeTurn(turn);
      try {
        return await task();
      } finally {
        const start = next();
        if (start === undefined) active -= 1;
        else start();
      }
    },
  };
}
