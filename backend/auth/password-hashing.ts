import { argon2id, hash, verify } from 'argon2';

/**
 * The minimum of OWASP's Password Storage Cheat Sheet, section "Argon2id": m = 19 MiB, t = 2, p = 1. About 30 ms on a core of 2020.
 */
const parameters = { type: argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/** A salt of 16 zero bytes and a hash of 32, with the parameters above. No password is known that matches. */
const hashThatNothingMatches = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** The functions of argon2 that we use. A test counts their calls. */
export interface Argon2 {
  hash(password: string): Promise<string>;
  verify(passwordHash: string, password: string): Promise<boolean>;
}

export const argon2: Argon2 = {
  hash: (password) => hash(password, parameters),
  verify: (passwordHash, password) => verify(passwordHash, password),
};

export interface PasswordHashing {
  /** argon2id, in PHC string format. */
  hash(password: string): Promise<string>;
  /** Takes the same time with and without a hash, so that response times do not show who has an account. */
  matches(passwordHash: string | undefined, password: string): Promise<boolean>;
}

export function createPasswordHashing(functions: Argon2 = argon2): PasswordHashing {
  return {
    hash: (password) => functions.hash(normalized(password)),
    async matches(passwordHash, password) {
      const equal = await functions.verify(passwordHash ?? hashThatNothingMatches, normalized(password));
      return equal && passwordHash !== undefined;
    },
  };
}

/** Makes equal letters equal bytes, whatever system they were typed on (NIST SP 800-63B, section 5.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
