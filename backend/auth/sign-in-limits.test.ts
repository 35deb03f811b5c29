import { beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { createSignInLimits, type SignInLimits } from './sign-in-limits.ts';

const ada = { client: 'home', email: 'ada@example.com' };

let seconds: number;
let limits: SignInLimits;

/** How long to wait for the next try; 0 when it may be now. */
function wait(attempt: typeof ada): number {
  try {
    limits.check(attempt);
    return 0;
  } catch (error) {
    if (isAppError(error, 'too_many')) return error.details?.['retryAfterSeconds'] ?? Number.NaN;
    throw error;
  }
}

beforeEach(() => {
  seconds = 1000;
  limits = createSignInLimits({ now: () => new Date(0), monotonicSeconds: () => seconds });
});

describe('sign-in limits', () => {
  it('allow ten failures within a quarter of an hour, however far apart', () => {
    for (let i = 0; i < 9; i += 1) {
      limits.failed(ada);
      seconds += 90;
    }
    expect(wait(ada)).toBe(0);
    limits.failed(ada);
    // The first was 810 seconds ago.
    expect(wait(ada)).toBe(90);
    seconds += 89.5;
    expect(wait(ada)).toBe(1);
    seconds += 0.5;
    expect(wait(ada)).toBe(0);
    limits.failed(ada);
    expect(wait(ada)).toBe(90);
  });

  it('ask for a quarter of an hour after ten failures at once, and for no more after each of the next', () => {
    for (let i = 0; i < 10; i += 1) limits.failed(ada);
    expect(wait(ada)).toBe(900);
    seconds += 900;
    for (let i = 0; i < 10; i += 1) {
      expect(wait(ada)).toBe(0);
      limits.failed(ada);
    }
    expect(wait(ada)).toBe(900);
  });

  it('let the owner in from another place meanwhile', () => {
    for (let i = 0; i < 20; i += 1) limits.failed({ ...ada, client: 'an attacker' });
    expect(wait({ ...ada, client: 'an attacker' })).toBeGreaterThan(0);
    expect(wait(ada)).toBe(0);
  });

  it('slow down one place that tries a password at many accounts', () => {
    for (let i = 0; i < 100; i += 1) limits.failed({ ...ada, email: `${i}@example.com` });
    expect(wait({ ...ada, email: 'never@example.com' })).toBe(900);
    expect(wait({ ...ada, client: 'elsewhere' })).toBe(0);
  });

  it('take all addresses of one customer’s network for one place', () => {
    for (let i = 0; i < 100; i += 1) limits.failed({ client: `2001:db8:1:2::${i}`, email: `${i}@example.com` });
    expect(wait({ ...ada, client: '2001:db8:1:2:ffff::1' })).toBe(900);
    expect(wait({ ...ada, client: '2001:db8:1:3::1' })).toBe(0);
  });

  it('slow down many places that guess at one account', () => {
    for (let i = 0; i < 100; i += 1) limits.failed({ ...ada, client: `place ${i}` });
    expect(wait({ ...ada, client: 'one more' })).toBe(900);
    expect(wait({ ...ada, email: 'eve@example.com' })).toBe(0);
  });

  it('forget the failures of someone who then gets it right', () => {
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 9; i += 1) limits.failed(ada);
      expect(wait(ada)).toBe(0);
      limits.succeeded(ada);
    }
  });

  it('remember the latest, however many names are made up', () => {
    for (let i = 0; i < 10; i += 1) limits.failed({ ...ada, email: 'first@example.com' });
    for (let i = 0; i < 30_000; i += 1) limits.failed({ client: `place ${i}`, email: `${i}@example.com` });
    for (let i = 0; i < 10; i += 1) limits.failed(ada);
    expect(wait({ ...ada, email: 'first@example.com' })).toBe(0);
    expect(wait(ada)).toBe(900);
  });
});
