import { AppError } from '../../shared/errors.ts';
import type { OpenLimit } from '../client-limits.ts';
import { networkOf } from './client-network.ts';

/** Whose something is. */
export interface Holder {
  /** The account's id. */
  readonly account: string;
  /** The client's address. */
  readonly client: string;
}

/** Counts how much of something is open in this process: requests, sockets, uploads. */
export interface OpenCount {
  /**
   * Counts one more, and returns a function that uncounts it, which does nothing when it is called again. Throws `too_many` at a
   * limit.
   */
  enter(holder: Holder): () => void;
}

/** `retryAfterSeconds` is about how long it takes until one of them ends. */
export function countOpen(most: OpenLimit, retryAfterSeconds: number): OpenCount {
  const ofAccount = new Map<string, number>();
  const ofClient = new Map<string, number>();
  let all = 0;

  return {
    enter({ account, client }) {
      const network = networkOf(client);
      const isFull =
        all >= most.inAll ||
        (ofAccount.get(account) ?? 0) >= most.perAccount ||
        (ofClient.get(network) ?? 0) >= most.perClient;
      if (isFull) {
        throw new AppError('too_many', 'Too much is going on at once. Try again in a moment.', {
          details: { retryAfterSeconds },
        });
      }
      all += 1;
      add(ofAccount, account, 1);
      add(ofClient, network, 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        all -= 1;
        add(ofAccount, account, -1);
        add(ofClient, network, -1);
      };
    },
  };
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
