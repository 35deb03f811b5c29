/** Limits of one WebSocket. */
export interface SocketLimits {
  /** The time that a client without an Authorization header has to sign in. */
  readonly signInSeconds: number;
  /** The size of a client's message. Its only message contains a token. */
  readonly maxMessageBytes: number;
  /**
   * The number of clients that may be signing in at the same time, in total and for each address. They use resources
   * before they are known.
   */
  readonly maxSigningIn: number;
  readonly maxSigningInOfClient: number;
  /** How often the server pings the client and checks its token again. */
  readonly pingSeconds: number;
  /**
   * The most data that may wait for a slow client. If there is more, the socket is closed. The client then reconnects
   * and receives what it missed.
   */
  readonly maxQueuedBytes: number;
  /** If more than this waits for a client, it gets no progress events, which would be out of date on arrival. */
  readonly maxQueuedBytesForProgress: number;
  /**
   * The size limit of the first frame. A larger one could fill a slow client's whole queue, so the client must list instead.
   */
  readonly maxHelloBytes: number;
  /** The time that a client has to answer the close frame. */
  readonly closeSeconds: number;
}

export const socketLimits: SocketLimits = {
  signInSeconds: 5,
  maxMessageBytes: 16 * 1024,
  maxSigningIn: 500,
  maxSigningInOfClient: 50,
  pingSeconds: 30,
  maxQueuedBytes: 1_000_000,
  maxQueuedBytesForProgress: 64 * 1024,
  maxHelloBytes: 500_000,
  closeSeconds: 2,
};
