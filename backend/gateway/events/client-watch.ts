/** The client that is watched, and what to do for it. */
export interface WatchedClient {
  /** Milliseconds since 1970. */
  readonly tokenEndsAt: number;
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

/** One timer serves both: it fires at the next ping or at the token's end, whichever comes first. */
export function watchClient(client: WatchedClient): ClientWatch {
  const pingMilliseconds = client.pingSeconds * 1000;
  let pingAt = performance.now() + pingMilliseconds;
  let isThere = true;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (Date.now() >= client.tokenEndsAt) return client.onTokenEnd();
    const lateBy = performance.now() - pingAt;
    if (lateBy >= 0) {
      pingAt = performance.now() + pingMilliseconds;
      // If this process itself was stopped, the answer may have arrived without having been read.
      if (!isThere && lateBy < pingMilliseconds / 2) return client.onSilence();
      isThere = false;
      client.ping();
    }
    schedule();
  }

  function schedule(): void {
    if (ended) return;
    timer = setTimeout(look, Math.max(1, Math.min(pingAt - performance.now(), client.tokenEndsAt - Date.now())));
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
