import { setTimeout as delay } from 'node:timers/promises';
import type { StreamState } from '../../client/event-stream.ts';

/** Whether the server can be reached. `nextTryAt`: milliseconds since 1970. */
export interface Connection {
  readonly kind: 'connected' | 'connecting' | 'offline';
  readonly nextTryAt?: number;
}

export interface ServerConnectionParts {
  /** Makes a small request. Rejects if the server does not answer. */
  readonly ask: () => Promise<void>;
  /** Called when the event stream has connected, and when the server has answered without it. */
  readonly onReached: (by: 'stream' | 'request') => void;
  readonly onChange: () => void;
  /** Aborted when the connection is given up. */
  readonly signal: AbortSignal;
}

/** Finds out whether the server can be reached, from its event stream and, while there is none, by a request. */
export interface ServerConnection {
  state(): Connection;
  /** Takes in a state of the event stream. */
  hear(state: StreamState): void;
  /** Tries to reach the server now. */
  tryNow(): void;
}

/** How long the server may take to answer the request. */
const probeSeconds = 5;

export function watchServerConnection(parts: ServerConnectionParts): ServerConnection {
  const { signal } = parts;
  let connection: Connection = { kind: 'connecting' };
  let stream: StreamState = { kind: 'connecting' };
  let probing: Promise<void> | undefined;

  function become(next: Connection): void {
    if (signal.aborted) return;
    connection = next;
    parts.onChange();
  }

  function offline(): Connection {
    return { kind: 'offline', ...(stream.kind === 'waiting' ? { nextTryAt: stream.nextTryAt } : {}) };
  }

  /** The server may be there though it has closed the event stream, or a proxy lets none through. */
  function probe(): void {
    probing ??= ask().finally(() => {
      probing = undefined;
    });
  }

  async function ask(): Promise<void> {
    const answered = await Promise.race([
      parts.ask().then(
        () => true,
        () => false,
      ),
      delay(probeSeconds * 1000, false, { signal, ref: false }).catch(() => false),
    ]);
    if (signal.aborted || stream.kind === 'connected') return;
    become(answered ? { kind: 'connected' } : offline());
    if (answered) parts.onReached('request');
  }

  return {
    state: () => connection,
    hear(state) {
      stream = state;
      switch (state.kind) {
        case 'connecting':
          if (connection.kind === 'offline') become({ kind: 'offline' });
          probe();
          break;
        case 'connected':
          become({ kind: 'connected' });
          parts.onReached('stream');
          break;
        case 'waiting':
        case 'signed_out':
          if (connection.kind === 'offline') become(offline());
          break;
      }
    },
    tryNow() {
      if (stream.kind === 'connected') return;
      // Shows at once that a try is under way.
      if (connection.kind === 'offline') become({ kind: 'connecting' });
      probe();
    },
  };
}
