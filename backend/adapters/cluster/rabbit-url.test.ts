import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { parseRabbitUrl } from './rabbit-url.ts';

const password = 'sixteen bytes ok';
const encoded = encodeURIComponent(password);

function refusal(text: string): string {
  try {
    parseRabbitUrl(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return error.message;
    throw error;
  }
  throw new Error('the URL was accepted');
}

describe('RABBITMQ_URL', () => {
  it.each([
    ['amqp://localhost', { protocol: 'amqp', hostname: 'localhost', port: 5672, username: 'guest', password: 'guest' }],
    ['amqp://[::1]:1234/', { hostname: '::1', port: 1234, vhost: '/' }],
    ['amqp://guest:guest@127.0.0.1', { username: 'guest', password: 'guest', hostname: '127.0.0.1' }],
    ['amqp://me:kLw2-9d@127.0.0.1/%2f', { username: 'me', password: 'kLw2-9d', vhost: '/' }],
    [`amqps://me:${encoded}@mq.example`, { protocol: 'amqps', port: 5671, hostname: 'mq.example', password }],
    [`amqp://m%40e:${encoded}@mq.example/a%2Fb%20c`, { username: 'm@e', vhost: 'a/b c' }],
  ])('may be %s', (text, expected) => {
    expect(parseRabbitUrl(text)).toMatchObject(expected);
  });

  it.each([
    '',
    'localhost:5672',
    'http://localhost',
    'amqp://',
    'amqp:///',
    ' amqp://localhost',
    'amqp://local host',
    'amqp://localhost?heartbeat=0',
    'amqp://localhost/#',
    'amqp://localhost/a/b',
    'amqp://me:%zz@localhost',
    'amqp://localhost:99999',
  ])('must be a URL of AMQP: %j', (text) => {
    expect(refusal(text)).toBe(
      'RABBITMQ_URL must be a URL that begins with amqp:// or amqps://, such as amqps://USER:PASSWORD@HOST/VHOST, without a query or a fragment.',
    );
  });

  it.each(['amqp://mq.example', `amqp://guest:${encoded}@10.0.0.1`, 'amqps://guest:guest@127.evil.example'])(
    'must not sign in as guest on another computer: %s',
    (text) => {
      expect(refusal(text)).toBe(
        'RABBITMQ_URL must be a URL with a user of your own: guest is only for a RabbitMQ on this computer.',
      );
    },
  );

  it.each([
    'amqp://me@mq.example',
    'amqp://me:@mq.example',
    'amqp://me:fifteen-bytes-x@mq.example',
    'amqp://soundlift-soundlift:soundlift-soundlift@mq.example',
  ])('must have a long password for another computer: %s', (text) => {
    expect(refusal(text)).toBe(
      "RABBITMQ_URL must be a URL with a password of at least 16 bytes that is not the user's name.",
    );
  });

  it.each(['amqp://admin:admin@127.0.0.1', 'amqp://me:guest@localhost', 'amqp://me:password-password@mq.example'])(
    'must not have a password that everybody tries, on any computer: %s',
    (text) => {
      expect(refusal(text)).toBe(
        'RABBITMQ_URL must be a URL with a random password of your own, not a default, an example or a pattern.',
      );
    },
  );

  it('is never repeated in what is said about it', () => {
    for (const text of ['http://me:secret@x', 'amqp://me:secret@mq.example', 'amqp://guest:secret@mq.example']) {
      expect(refusal(text)).not.toContain('secret');
    }
  });
});
