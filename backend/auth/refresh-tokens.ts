import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a refresh token says: of which session it is, and which one of it. */
export interface RefreshToken {
  readonly sessionId: string;
  readonly number: number;
}

/** Writes and reads refresh tokens. They are signed, so that nothing of them need be stored, and one that was used long ago is still known. */
export interface RefreshTokens {
  write(token: RefreshToken): string;
  /** Undefined for what was not written with one of the secrets. */
  read(text: string): RefreshToken | undefined;
}

/** The first of `secrets` signs, all verify. */
export function createRefreshTokens(secrets: readonly string[]): RefreshTokens {
  const keys = secrets.map((secret) => createHmac('sha256', secret).update('soundlift refresh tokens').digest());
  const [signingKey] = keys;
  if (signingKey === undefined) throw new Error('a secret is needed to sign tokens');
  return {
    write({ sessionId, number }) {
      const said = `${sessionId}.${number}`;
      return `${said}.${sign(signingKey, said).toString('base64url')}`;
    },
    read(text) {
      const [, said = '', sessionId = '', number = '', signature = ''] =
        /^(([0-9a-f-]{36})\.([0-9]{1,15}))\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
      const given = Buffer.from(signature, 'base64url');
      const isOurs = keys.some((key) => {
        const expected = sign(key, said);
        return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
      });
      return isOurs ? { sessionId, number: Number(number) } : undefined;
    },
  };
}

function sign(key: Buffer, said: string): Buffer {
  return createHmac('sha256', key).update(said).digest();
}
