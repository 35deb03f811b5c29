/** An account. `email` is in lower case. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  /** argon2id, in PHC string format. */
  readonly passwordHash: string;
  readonly admin: boolean;
  /** Whether its owner has shown that mail to the address arrives. */
  readonly confirmed: boolean;
  /** Whether finished batches are mailed. */
  readonly mail: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** What of an account can change. */
export type UserChanges = Partial<Pick<UserRecord, 'passwordHash' | 'confirmed' | 'mail'>>;

/** auth's own. Durable; throws `unavailable` when the store cannot be reached. */
export interface UserStore {
  /** Throws `taken` when the e-mail address, or the id, exists. */
  insert(user: UserRecord): Promise<void>;
  get(id: string): Promise<UserRecord | undefined>;
  /** `email` in any case. */
  findByEmail(email: string): Promise<UserRecord | undefined>;
  /** False when there is no such account. */
  update(id: string, changes: UserChanges): Promise<boolean>;
  /** No error when it was not there. */
  remove(id: string): Promise<void>;
  /** By e-mail address, in portions. */
  list(): AsyncIterable<UserRecord>;
}
