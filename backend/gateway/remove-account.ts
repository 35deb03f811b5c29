import { maxPageItems } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Identity } from '../http/authentication.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** Removes an account and all that it owns. Broken off anywhere, it can be done again. */
export async function removeAccount(
  identity: Identity,
  parts: Pick<GatewayParts, 'authentication' | 'conversions' | 'notifications'>,
): Promise<void> {
  await removeOwned(identity.accountId, parts);
  await parts.authentication.removeAccount(identity);
  // What the account still began meanwhile; from here on it can begin nothing.
  await removeOwned(identity.accountId, parts);
}

async function removeOwned(
  owner: string,
  { conversions, notifications }: Pick<GatewayParts, 'conversions' | 'notifications'>,
): Promise<void> {
  for (;;) {
    const { items } = await conversions.page({ owner, limit: maxPageItems });
    if (items.length === 0) break;
    for (const { id } of items) {
      await conversions.remove(owner, id).catch((error: unknown) => {
        if (!isAppError(error, 'not_found')) throw error;
      });
    }
  }
  await notifications.removeAll(owner);
}
