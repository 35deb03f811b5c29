/** How much, and for how long, one WebSocket may cost. */
export interface SocketLimits {
  /** How long a client without a header may take to sign in. */
  readonly signInSeconds: number;
  /** Of a client's message: there is but one, with a token in it. */
  readonly maxMessageBytes: number;
  /** How many may be about to sign in at once, in all and of one address: they cost something, and nobody answers for them yet. */
  readonly maxSigningIn: number;
  readonly maxSigningInOfClient: number;
  /** How often a client must show that it is there; so often, too, its token is asked after again. */
  readonly pingSeconds: number;
  /** What may wait for a slow client; beyond, the socket is ended: it comes back and is told what it has missed. */
  readonly maxQueuedBytes: number;
  /** A client for which more than this waits is told no progress: what waits is old by the time it arrives. */
  readonly maxQueuedBytesForProgress: number;
  /** Of the first frame. A larger one would take a slow client's whole queue: the client lists instead. */
  readonly maxHelloBytes: number;
  /** How long a client may take to take leave. */
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
