/** A refresh token that was used, and when (ISO 8601). */
export interface UsedToken {
  readonly number: number;
  readonly at: string;
}

/** Somebody who is signed in. What a refresh token looks like is auth's business: here, each is a number. */
export interface SessionRecord {
  readonly id: string;
  readonly userId: string;
  /** The number of the next refresh token; raised by each that is given out, so that of two writers one sees that it is late. */
  readonly next: number;
  /** Refresh tokens that were given out and not used yet; none in a session that cannot be refreshed. */
  readonly unused: readonly number[];
  /** Those that were used a moment ago. */
  readonly used: readonly UsedToken[];
  /** ISO 8601. */
  readonly endsAt: string;
}

/** auth's own. Durable; throws `unavailable` when the store cannot be reached. */
export interface SessionStore {
  /** Throws `taken` when the id exists. */
  insert(session: SessionRecord): Promise<void>;
  /** Whether it has ended or not. */
  get(id: string): Promise<SessionRecord | undefined>;
  /** Compare-and-set: puts `session` in the place of the one with its id whose `next` is still `expectedNext`, and says whether it did. */
  replace(session: SessionRecord, expectedNext: number): Promise<boolean>;
  /** No error when it was not there. */
  remove(id: string): Promise<void>;
  /** Removes all of an account, but for `exceptId`. */
  removeAllOf(userId: string, exceptId?: string): Promise<void>;
  /** Removes those that ended before `before` (ISO 8601). */
  removeEnded(before: string): Promise<void>;
}
