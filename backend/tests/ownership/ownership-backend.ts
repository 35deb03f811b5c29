import type { Notification } from '../../../shared/api.ts';
import type { TestAccount } from '../test-account.ts';

/** A running gateway over real stores, for the tests of who may see and do what. Nothing is converted unless the test does it. */
export interface OwnershipBackend extends AsyncDisposable {
  readonly url: string;
  /** The secret that signs its tokens. */
  readonly signingSecret: string;
  account(options?: { readonly admin?: boolean }): Promise<TestAccount>;
  removeAccount(id: string): Promise<void>;
  /** Ends the conversion as done, with `mp3` as its result. */
  finish(id: string, mp3: Uint8Array): Promise<void>;
  notify(owner: string, notification: Notification): Promise<void>;
  /** Every stored video and MP3, finished or not, as `KIND ID`. */
  blobs(): Promise<readonly string[]>;
}
