export const codePurposes = ['confirm', 'reset'] as const;
export type CodePurpose = (typeof codePurposes)[number];

/** A code that was mailed to an account's address; one a purpose. Times are ISO 8601. */
export interface CodeRecord {
  readonly userId: string;
  readonly purpose: CodePurpose;
  /** Never the code itself. */
  readonly hash: string;
  readonly sentAt: string;
  readonly endsAt: string;
  readonly triesLeft: number;
}

/** auth's own. Durable; throws `unavailable` when the store cannot be reached. */
export interface CodeStore {
  /** Puts it in the place of the one before, unless that one was sent after `notSentAfter`: then false, and nothing is written. */
  put(code: CodeRecord, notSentAfter: string): Promise<boolean>;
  get(userId: string, purpose: CodePurpose): Promise<CodeRecord | undefined>;
  /** Takes one try away, atomically. False when there is none left, or no such code. */
  takeTry(userId: string, purpose: CodePurpose): Promise<boolean>;
  /** Removes it if it is still the one with `hash`, and says whether it was: so that a code works once. */
  use(userId: string, purpose: CodePurpose, hash: string): Promise<boolean>;
  removeAllOf(userId: string): Promise<void>;
  /** Removes those that ended before `before` (ISO 8601). */
  removeEnded(before: string): Promise<void>;
}
