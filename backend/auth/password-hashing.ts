import { argon2id, hash, verify } from 'argon2';

/**
 * OWASP's Password Storage Cheat Sheet, section "Argon2id": m = 19 MiB, t = 2, p = 1 at least. About 30 ms on a core of 2020.
 */
const parameters = { type: argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/** Nobody's: sixteen and thirty-two zero bytes, with the parameters above. No password is known that gives it. */
const hashOfNobody = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** The two functions of argon2 that are used; named so that a test can count the calls. */
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
  /** Takes the same time whether there is a hash or not, so that the time does not tell who has an account. */
  matches(passwordHash: string | undefined, password: string): Promise<boolean>;
}

export function createPasswordHashing(functions: Argon2 = argon2): PasswordHashing {
  return {
    hash: (password) => functions.hash(normalized(password)),
    async matches(passwordHash, password) {
      const equal = await functions.verify(passwordHash ?? hashOfNobody, normalized(password));
      return equal && passwordHash !== undefined;
    },
  };
}

/** The same letters in the same bytes, whichever system they were typed on (NIST SP 800-63B, section 5.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
