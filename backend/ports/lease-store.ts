/** The state of a lease. */
export interface LeaseState {
  /** Raised by every write of its holder. */
  readonly counter: number;
  /** Whether a process holds it, or held it and died. */
  readonly held: boolean;
}

/**
 * Leases by name. Each is the right of one process to do something alone. A process may take a lease that is not held, or whose
 * counter has not changed for too long. Durable. Throws `unavailable` if the store cannot be reached.
 */
export interface LeaseStore {
  /** `{ counter: 0, held: false }` for a name that was never written. */
  read(name: string): Promise<LeaseState>;

  /**
   * Compare-and-set: if the counter is still at `counter`, raises it by one, writes `held`, and returns true. Returns false, and
   * writes nothing, if another process has raised it.
   */
  raise(name: string, counter: number, held: boolean): Promise<boolean>;
}
