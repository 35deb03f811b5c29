import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { parseMysqlAddress } from './mysql-address.ts';

describe('MYSQL_URL', () => {
  it.each([
    [
      'mysql://auth_user:a-long-enough-word@mysql:3307/auth',
      { host: 'mysql', port: 3307, password: 'a-long-enough-word' },
    ],
    [
      'mysql://auth_user:16-letters-long.@10.0.0.7/auth',
      { host: '10.0.0.7', port: 3306, password: '16-letters-long.' },
    ],
    ['mysql://auth_user:kLw2-9d@[::1]:3306/auth', { host: '::1', port: 3306, password: 'kLw2-9d' }],
    [
      'mysql://auth_user:a%40b%2Fc%3F%25%20%C3%A9defg@localhost/auth',
      { host: 'localhost', port: 3306, password: 'a@b/c?% édefg' },
    ],
  ])('%s names a server, an account and a database', (text, expected) => {
    expect(parseMysqlAddress(text)).toEqual({ user: 'auth_user', database: 'auth', ...expected });
  });

  it.each([
    '',
    'no URL',
    'postgres://auth_user:s3cret@localhost/auth',
    'mysql:auth_user:s3cret',
    'mysql://:s3cret@localhost/auth',
    'mysql://auth_user@localhost/auth',
    'mysql://auth_user:@localhost/auth',
    'mysql://auth_user:s3cret@localhost',
    'mysql://auth_user:s3cret@localhost/',
    'mysql://auth_user:s3cret@localhost/auth/more',
    'mysql://auth_user:s3cret@localhost:no-port/auth',
    'mysql://auth_user:s3cret@localhost:70000/auth',
    'mysql://auth_user:s3cret%@localhost/auth',
    // An option of the driver could let one statement become two.
    'mysql://auth_user:s3cret@localhost/auth?multipleStatements=true',
    'mysql://auth_user:s3cret@localhost/auth#s3cret',
  ])('may not be %j, and the refusal does not show it', (text) => {
    expectRefusal(
      text,
      'MYSQL_URL must be a URL such as mysql://auth_user:PASSWORD@HOST:3306/auth, without a query or a fragment.',
    );
  });

  it.each(['mysql://auth_user:kLw2-9d@mysql/auth', 'mysql://a_neighbour_of_anna:a_neighbour_of_anna@192.168.0.7/auth'])(
    'may not be %j, whose password can be guessed, unless the server is on this computer',
    (text) => {
      expectRefusal(text, "MYSQL_URL must be a URL with a password of at least 16 bytes that is not the user's name.");
      expect(parseMysqlAddress(text.replace(/@.*\//, '@127.0.0.1/'))).toMatchObject({ host: '127.0.0.1' });
    },
  );

  it.each([
    'mysql://auth_user:Auth123@localhost/auth',
    'mysql://root:root@127.0.0.1/auth',
    'mysql://auth_user:change-me-change-me@mysql/auth',
  ])('may not be %j, whose password everybody tries, on any computer', (text) => {
    expectRefusal(
      text,
      'MYSQL_URL must be a URL with a random password of your own, not a default, an example or a pattern.',
    );
  });
});

function expectRefusal(text: string, message: string): void {
  const refused = (() => {
    try {
      return parseMysqlAddress(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({ code: 'invalid', message });
  expect(refused).not.toHaveProperty('cause');
}
