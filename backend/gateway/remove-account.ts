import { maxPageItems } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Identity } from '../http/authentication.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** Removes an account and everything that it owns. If it fails at any point, it can be repeated. */
export async function removeAccount(
  identity: Identity,
  parts: Pick<GatewayParts, 'authentication' | 'conversions' | 'notifications'>,
): Promise<void> {
  await removeOwned(identity.accountId, parts);
  await parts.authentication.removeAccount(identity);
  // Removes what the account created meanwhile. From now on it cannot create anything.
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
