import { hash } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { RateLimit } from '../../ports/rate-limit.ts';

/** About 20 MB if every key has one use. */
const defaultMaxUses = 100_000;

interface CountedUse {
  readonly name: string;
  /** Monotonic seconds. */
  readonly at: number;
}

/** Counts in this process. The counts are lost on a restart. */
export function createMemoryRateLimit(clock: Clock, maxUses = defaultMaxUses): RateLimit {
  /** Uses by the hash of their key, oldest first. The least recently used key comes first. */
  const usesOf = new Map<string, readonly CountedUse[]>();
  let total = 0;
  let lastName = 0;

  function put(keyHash: string, uses: readonly CountedUse[]): void {
    total += uses.length - (usesOf.get(keyHash)?.length ?? 0);
    usesOf.delete(keyHash);
    if (uses.length > 0) usesOf.set(keyHash, uses);
  }

  return {
    async allow(key, { count, seconds }) {
      const keyHash = hashOf(key);
      const now = clock.monotonicSeconds();
      const recent = (usesOf.get(keyHash) ?? []).filter(({ at }) => at > now - seconds);
      // Once this use has left the window, fewer than `count` are in it.
      const blocking = recent.at(-count);
      if (blocking !== undefined) {
        return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(blocking.at + seconds - now)) };
      }
      lastName += 1;
      const name = String(lastName);
      put(keyHash, [...recent, { name, at: now }]);
      for (const oldest of usesOf.keys()) {
        if (total <= maxUses) break;
        put(oldest, []);
      }
      return { allowed: true, use: name };
    },

    async count(key, seconds) {
      const since = clock.monotonicSeconds() - seconds;
      return (usesOf.get(hashOf(key)) ?? []).filter(({ at }) => at > since).length;
    },

    async giveBack(key, use) {
      const keyHash = hashOf(key);
      const uses = usesOf.get(keyHash) ?? [];
      put(
        keyHash,
        uses.filter(({ name }) => name !== use),
      );
    },

    async forget(key) {
      put(hashOf(key), []);
    },
  };
}

/** Makes long keys take no more memory than short ones. */
function hashOf(key: string): string {
  return hash('sha256', key, 'base64url');
}
