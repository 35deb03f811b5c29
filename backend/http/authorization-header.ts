import type { Credentials } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';

/** A 401 must say how to sign in (RFC 9110, section 11.6.1). */
export const basicChallenge = 'Basic realm="Soundlift", charset="UTF-8"';
export const bearerChallenge = 'Bearer realm="Soundlift"';

/** RFC 6750, section 2.1. */
const bearerPattern = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
/** More than any of our tokens has. */
const maxTokenLength = 4096;
/** RFC 7617. */
const basicPattern = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;

/** Returns the token of `Authorization: Bearer`. Throws `unauthorized` when it is missing or malformed. */
export function parseBearer(header: string | undefined): string {
  const token = bearerPattern.exec(header ?? '')?.[1];
  if (token === undefined || token.length > maxTokenLength) {
    throw new AppError('unauthorized', 'Sign in first: a token is expected (Authorization: Bearer).');
  }
  return token;
}

/** Returns e-mail address and password of `Authorization: Basic`, in UTF-8. Throws `unauthorized` when they are missing or malformed. */
export function parseBasic(header: string | undefined): Credentials {
  const encoded = basicPattern.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) {
    throw new AppError('unauthorized', 'An e-mail address and a password are expected (Authorization: Basic).');
  }
  return { email: text.slice(0, colon), password: text.slice(colon + 1) };
}
