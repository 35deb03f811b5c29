import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The parts of a refresh token. */
export interface RefreshToken {
  readonly sessionId: string;
  /**
   * The same in all tokens of a session. A reused token ends its session; as this is random, someone who only knows the session's id
   * cannot do that.
   */
  readonly family: string;
  readonly secret: string;
}

const familyBytes = 16;
const secretBytes = 32;
const pattern = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

export function newFamily(): string {
  return randomBytes(familyBytes).toString('base64url');
}

export function newRefreshToken(sessionId: string, family: string): RefreshToken {
  return { sessionId, family, secret: randomBytes(secretBytes).toString('base64url') };
}

export function writeRefreshToken({ sessionId, family, secret }: RefreshToken): string {
  return `${sessionId}.${family}.${secret}`;
}

/** Undefined for text that is not a refresh token. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const [, sessionId, family, secret] = pattern.exec(text) ?? [];
  if (sessionId === undefined || family === undefined || secret === undefined) return undefined;
  return { sessionId, family, secret };
}

/** The form in which a family or secret is stored. Both are random, so a plain hash does not reveal them. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export function isHashOf(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(secret)));
}
