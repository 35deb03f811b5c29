/** An account. `email` is in lower case. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  /** argon2id, in PHC string format. */
  readonly passwordHash: string;
  readonly admin: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** auth's own. Durable; throws `unavailable` when the store cannot be reached. */
export interface UserStore {
  /** Throws `taken` when the e-mail address, or the id, exists. */
  insert(user: UserRecord): Promise<void>;
  get(id: string): Promise<UserRecord | undefined>;
  /** `email` in any case. */
  findByEmail(email: string): Promise<UserRecord | undefined>;
  /** False when there is no such account. */
  setPasswordHash(id: string, passwordHash: string): Promise<boolean>;
  /** By e-mail address, in portions. */
  list(): AsyncIterable<UserRecord>;
}
