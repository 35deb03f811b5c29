import { createHmac, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../../shared/errors.ts';
import { type Claims, claimsSchema } from '../http/authentication-calls.ts';
import type { Clock } from '../ports/clock.ts';
import type { UserRecord } from '../ports/user-store.ts';

const algorithm = 'HS256';

export interface AccessTokens {
  /** A token that is valid for `seconds`, or until its session ends. */
  issue(user: Pick<UserRecord, 'id' | 'email' | 'admin'>, sessionId: string, seconds: number): Promise<string>;
  /** Throws `unauthorized` for a token that is not ours, was changed, or has expired. */
  verify(token: string): Promise<Claims>;
}

export interface AccessTokensParts {
  /** At least 32 bytes each. The first signs, all verify: a new one in front signs nobody out. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

export function createAccessTokens({ secrets, clock }: AccessTokensParts): AccessTokens {
  const keys = new Map(secrets.map((secret) => [keyId(secret), new TextEncoder().encode(secret)]));
  const [first] = keys;
  if (first === undefined) throw new Error('a secret is needed to sign tokens');
  const [signingKeyId, signingKey] = first;

  return {
    async issue(user, sessionId, seconds) {
      const now = Math.floor(clock.now().getTime() / 1000);
      return await new SignJWT({ username: user.email, admin: user.admin, sid: sessionId })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: signingKeyId })
        .setSubject(user.id)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + seconds)
        .sign(signingKey);
    },

    async verify(token) {
      try {
        if (!isCompact(token)) throw new errors.JWTInvalid('not a compact JWT');
        const key = keys.get(decodeProtectedHeader(token).kid ?? '');
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        const { payload } = await jwtVerify(token, key, {
          algorithms: [algorithm],
          typ: 'JWT',
          currentDate: clock.now(),
        });
        return claimsSchema.parse(payload);
      } catch (error) {
        const ended = error instanceof errors.JWTExpired;
        throw new AppError(
          'unauthorized',
          ended ? 'The token has expired. Sign in again.' : 'The token is not valid; sign in again.',
          {
            cause: error,
          },
        );
      }
    },
  };
}

/** True for three parts in canonical base64url, so that no two texts are the same token. */
function isCompact(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

/** Names a secret in a token's header without revealing it. */
function keyId(secret: string): string {
  return createHmac('sha256', secret).update('soundlift key id').digest('base64url').slice(0, 12);
}
