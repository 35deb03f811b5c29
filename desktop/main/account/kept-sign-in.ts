import type { Logger } from 'pino';
import { z } from 'zod';
import { sessionSchema } from '../../../shared/api.ts';
import { parseJson } from '../../client/parse-json.ts';
import type { KeptSession, SessionKeeper } from '../../client/server-session.ts';
import type { SecretStore } from './secret-store.ts';

/** An account on a server. */
export interface SignedInAccount {
  /** As `parseServerAddress` gives it. */
  readonly url: string;
  readonly email: string;
}

/** The stored sign-in, among the secrets. At most one. */
export interface KeptSignIn {
  account(): SignedInAccount | undefined;
  /** Replaces the stored sign-in. */
  keep(account: SignedInAccount, session: KeptSession): Promise<void>;
  forget(): Promise<void>;
  /** Keeps the sessions of an account, as long as it is the stored one. */
  keeperOf(account: SignedInAccount): SessionKeeper;
}

const secretKey = 'sign-in';
const keptSchema = z.object({
  url: z.string(),
  session: sessionSchema.extend({ email: z.string(), signedInAt: z.iso.datetime() }),
});

export async function openKeptSignIn(secrets: SecretStore, log: Logger): Promise<KeptSignIn> {
  const parsed = keptSchema.safeParse(parseJson((await secrets.read(secretKey)) ?? ''));
  let kept = parsed.success ? parsed.data : undefined;

  async function write(next: z.output<typeof keptSchema> | undefined): Promise<void> {
    // In memory first, because the earlier session is no longer valid.
    kept = next;
    try {
      await secrets.write(secretKey, next === undefined ? undefined : JSON.stringify(next));
    } catch (error) {
      log.error({ err: error }, 'the sign-in could not be stored for the next start');
    }
  }

  function isKept({ url, email }: SignedInAccount): boolean {
    return kept?.url === url && kept.session.email === email;
  }

  return {
    account: () => (kept === undefined ? undefined : { url: kept.url, email: kept.session.email }),
    keep: (account, session) => write({ url: account.url, session: { ...session, email: account.email } }),
    forget: () => write(undefined),
    keeperOf: (account) => ({
      read: async () => (isKept(account) ? kept?.session : undefined),
      async write(session) {
        if (!isKept(account)) return;
        await write(session === undefined ? undefined : { url: account.url, session });
      },
    }),
  };
}
