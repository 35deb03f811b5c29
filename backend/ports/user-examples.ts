import type { UserRecord } from './user-store.ts';

/** An account as it is stored. */
export function exampleUser(name: string, given: Partial<UserRecord> = {}): UserRecord {
  return {
    id: `id-of-${name}`,
    email: `${name}@example.org`,
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    admin: false,
    confirmed: false,
    mail: true,
    createdAt: '2026-05-04T03:02:01.000Z',
    ...given,
  };
}
