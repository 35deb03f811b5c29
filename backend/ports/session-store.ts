/** A refresh token that was used, and when (ISO 8601). */
export interface UsedToken {
  readonly hash: string;
  readonly at: string;
}

/** What is known of a session's refresh tokens: never one of them itself. */
export interface SessionTokens {
  /** The hash of what all of them have in common, so that one that was used long ago is still known as one of them. */
  readonly family: string;
  /** The hashes of those that were given out and not used yet, the oldest first. */
  readonly unused: readonly string[];
  /** Those that were used a moment ago. */
  readonly used: readonly UsedToken[];
}

/** Somebody who is signed in. */
export interface SessionRecord {
  readonly id: string;
  readonly userId: string;
  /** Raised by each write, so that of two writers one sees that it is late. */
  readonly revision: number;
  /** Absent in a session that cannot be refreshed. */
  readonly tokens?: SessionTokens;
  /** ISO 8601. */
  readonly endsAt: string;
}

/** auth's own. Durable; throws `unavailable` when the store cannot be reached. */
export interface SessionStore {
  /** Throws `taken` when the id exists. */
  insert(session: SessionRecord): Promise<void>;
  /** Whether it has ended or not. */
  get(id: string): Promise<SessionRecord | undefined>;
  /**
   * Compare-and-set: puts `session` in the place of the one with its id whose revision is still `expectedRevision`, and says
   * whether it did. `session.revision` is the caller's, one higher; the account never changes.
   */
  replace(session: SessionRecord, expectedRevision: number): Promise<boolean>;
  /** No error when it was not there. */
  remove(id: string): Promise<void>;
  /** Removes all of an account, but for `exceptId`. */
  removeAllOf(userId: string, exceptId?: string): Promise<void>;
  /** Removes those that ended before `before` (ISO 8601). */
  removeEnded(before: string): Promise<void>;
}
