import type { Authentication } from '../../http/authentication.ts';
import type { EventBus } from '../../ports/event-bus.ts';

/** Tells the event sockets of every gateway when a call has ended sessions of their account. */
export function announceEndedSessions(
  authentication: Authentication,
  events: Pick<EventBus, 'publishInternal'>,
): Authentication {
  const announce = (owner: string): void => events.publishInternal({ owner, message: { type: 'sessions_ended' } });
  return {
    ...authentication,
    async endSession(identity) {
      await authentication.endSession(identity);
      announce(identity.accountId);
    },
    async changePassword(identity, change, client) {
      await authentication.changePassword(identity, change, client);
      announce(identity.accountId);
    },
    async confirmReset(reset, client) {
      const accountId = await authentication.confirmReset(reset, client);
      announce(accountId);
      return accountId;
    },
    async removeAccount(identity) {
      await authentication.removeAccount(identity);
      announce(identity.accountId);
    },
  };
}
