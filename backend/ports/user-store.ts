/** An account. `email` is in lower case. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  /** argon2id, in PHC string format. */
  readonly passwordHash: string;
  readonly admin: boolean;
  /** Whether its owner has confirmed that mail to the address arrives. */
  readonly confirmed: boolean;
  /** Whether the account gets a mail when a batch has ended. */
  readonly mail: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The fields of an account that can change. */
export type UserChanges = Partial<Pick<UserRecord, 'passwordHash' | 'confirmed' | 'mail'>>;

/** Used only by auth. Durable; throws `unavailable` if the store cannot be reached. */
export interface UserStore {
  /** Throws `taken` if the e-mail address or the id exists. */
  insert(user: UserRecord): Promise<void>;
  get(id: string): Promise<UserRecord | undefined>;
  /** Accepts `email` in any case. */
  findByEmail(email: string): Promise<UserRecord | undefined>;
  /** False if there is no such account. */
  update(id: string, changes: UserChanges): Promise<boolean>;
  /** Does nothing if there is no such account. */
  remove(id: string): Promise<void>;
  /** All accounts, ordered by e-mail address, read in portions. */
  list(): AsyncIterable<UserRecord>;
}
