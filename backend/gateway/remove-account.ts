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
  await conversions.removeAll(owner);
  await notifications.removeAll(owner);
}
