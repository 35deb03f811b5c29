/** A refresh token that was used, and when (ISO 8601). */
export interface UsedToken {
  readonly hash: string;
  readonly at: string;
}

/** The hashes of a session's refresh tokens. The tokens themselves are never stored. */
export interface SessionTokens {
  /** The hash of the part that all tokens of the session share, so that one that was used long ago is still recognised. */
  readonly family: string;
  /** The hashes of tokens that were given out and not used yet, oldest first. */
  readonly unused: readonly string[];
  /** Tokens that were used recently. */
  readonly used: readonly UsedToken[];
}

/** A person's session. */
export interface SessionRecord {
  readonly id: string;
  readonly userId: string;
  /** Raised by each write, so that of two writers one notices that it was too late. */
  readonly revision: number;
  /** Absent in a session that cannot be refreshed. */
  readonly tokens?: SessionTokens;
  /** ISO 8601. */
  readonly endsAt: string;
}

/** Used only by auth. Durable; throws `unavailable` if the store cannot be reached. */
export interface SessionStore {
  /** Throws `taken` if the id exists. */
  insert(session: SessionRecord): Promise<void>;
  /** Also returns sessions that have expired. */
  get(id: string): Promise<SessionRecord | undefined>;
  /**
   * Compare-and-set: replaces the session with the same id if its revision is still `expectedRevision`, and returns whether it
   * did. The caller must set `session.revision` one higher. The account must not change.
   */
  replace(session: SessionRecord, expectedRevision: number): Promise<boolean>;
  /** Does nothing if there is no such session. */
  remove(id: string): Promise<void>;
  /** Removes all sessions of an account, except `exceptId`. */
  removeAllOf(userId: string, exceptId?: string): Promise<void>;
  /** Removes the sessions that expired before `before` (ISO 8601). */
  removeEnded(before: string): Promise<void>;
}
