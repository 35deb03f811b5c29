import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a refresh token says: of which session it is, what shows that it is one of that session's, and which one. */
export interface RefreshToken {
  readonly sessionId: string;
  /** The same in all of a session's. Random, so that knowing a session's id is not enough to be taken for a thief of it. */
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

/** Undefined for what cannot be one. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const [, sessionId, family, secret] = pattern.exec(text) ?? [];
  if (sessionId === undefined || family === undefined || secret === undefined) return undefined;
  return { sessionId, family, secret };
}

/** What is stored in the place of a family or a secret. They are random: a plain hash does not give them away. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export function isHashOf(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(secret)));
}
