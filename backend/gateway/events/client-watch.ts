/** The client that is watched, and what to do for it. */
export interface WatchedClient {
  /** How long the client's token is still valid, in seconds. */
  readonly tokenSeconds: number;
  readonly pingSeconds: number;
  /** Sends a ping. The client's answer must be passed to `ClientWatch.answered`. */
  ping(): void;
  /** Called when the token has expired. */
  onTokenEnd(): void;
  /** Called when the client has not answered a ping by the time of the next. */
  onSilence(): void;
}

/** Pings one client and waits for the end of its token. */
export interface ClientWatch {
  answered(): void;
  end(): void;
}

/**
 * How often a client is looked at between two pings. If this process is stopped for a while, that counts as one look, whatever time
 * has passed: the client's answer may have arrived without having been read.
 */
const looksPerPing = 4;

/** One timer serves both: it fires at the next look or at the token's end, whichever comes first. */
export function watchClient(client: WatchedClient): ClientWatch {
  const lookMilliseconds = (client.pingSeconds * 1000) / looksPerPing;
  // By the monotonic clock: the wall clock may jump.
  const tokenEndsAt = performance.now() + client.tokenSeconds * 1000;
  let looks = 0;
  let isThere = true;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (performance.now() >= tokenEndsAt) return client.onTokenEnd();
    looks += 1;
    if (looks % looksPerPing === 0) {
      if (!isThere) return client.onSilence();
      isThere = false;
      client.ping();
    }
    schedule();
  }

  function schedule(): void {
    if (ended) return;
    timer = setTimeout(look, Math.max(1, Math.min(lookMilliseconds, tokenEndsAt - performance.now())));
  }

  schedule();
  return {
    answered() {
      isThere = true;
    },
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}
