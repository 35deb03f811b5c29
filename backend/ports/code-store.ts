export const codePurposes = ['confirm', 'reset'] as const;
export type CodePurpose = (typeof codePurposes)[number];

/** A code that was mailed to an account's address, one for each purpose. Times are ISO 8601. */
export interface CodeRecord {
  readonly userId: string;
  readonly purpose: CodePurpose;
  /** Never the code itself. */
  readonly hash: string;
  readonly sentAt: string;
  readonly endsAt: string;
  readonly triesLeft: number;
}

/** Used only by auth. Durable; throws `unavailable` if the store cannot be reached. */
export interface CodeStore {
  /**
   * Replaces the previous code, unless that was sent after `pause.from` and not after `pause.to`: then returns false and writes
   * nothing.
   */
  put(code: CodeRecord, pause: { readonly from: string; readonly to: string }): Promise<boolean>;
  get(userId: string, purpose: CodePurpose): Promise<CodeRecord | undefined>;
  /** Uses up one try, atomically. False if none is left or there is no such code. */
  takeTry(userId: string, purpose: CodePurpose): Promise<boolean>;
  /** Removes the code if its hash is still `hash`, and returns whether it did. So a code works only once. */
  use(userId: string, purpose: CodePurpose, hash: string): Promise<boolean>;
  removeAllOf(userId: string): Promise<void>;
  /** Removes the codes that expired before `before` (ISO 8601). */
  removeEnded(before: string): Promise<void>;
}
