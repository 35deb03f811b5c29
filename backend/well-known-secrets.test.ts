import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWellKnown } from './well-known-secrets.ts';

describe('a secret that anybody can guess', () => {
  it.each([
    '',
    'guest',
    'admin',
    'admin123',
    'Auth123',
    'Admin123!',
    'sarcasm',
    'secret',
    'password',
    'PASSWORD',
    'P@ssw0rd123',
    'changeme',
    'change-me-change-me-change-me-change-me',
    'CHANGE_ME_TO_A_LONG_RANDOM_STRING_OF_32_CHARACTERS',
    'super-secret-jwt-signing-key-please-change',
    'correct-horse-battery-staple',
    'root-root-root-root',
    'soundlift-soundlift',
    '12345678901234567890123456789012',
    '0123456789abcdef0123456789abcdef',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'hunter2!hunter2!hunter2!hunter2!',
  ])('is %j', (secret) => {
    expect(isWellKnown(secret)).toBe(true);
  });

  it.each(['a-long-enough-word', 'the secret that the tests sign with', 'kLw2-9dPq', 'Blüten im Schnee, drei Igel'])(
    'is not %j',
    (secret) => {
      expect(isWellKnown(secret)).toBe(false);
    },
  );

  it('is never a random one, however it is written', () => {
    const encodings = fc.constantFrom('hex', 'base64', 'base64url');
    fc.assert(fc.property(encodings, (encoding) => !isWellKnown(randomBytes(24).toString(encoding))));
  });
});
