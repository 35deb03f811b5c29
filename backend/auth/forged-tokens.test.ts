import { createHmac, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { makeTestAuth, type TestAuth, testSecret } from '../tests/test-auth.ts';
import { createAuthApp } from './auth-app.ts';

/** What a forger may have: a valid token of their own, and one of another account that they saw. */
interface Given {
  readonly token: string;
  readonly othersToken: string;
}
type Json = Readonly<Record<string, unknown>>;
type Forgery = readonly [name: string, make: (given: Given) => string | Promise<string>];

const guessedSecret = 'admin123'.repeat(4);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ellipticCurve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const edwards = generateKeyPairSync('ed25519');

function parts(token: string): readonly [head: string, claims: string, signature: string] {
  const [head = '', claims = '', signature = ''] = token.split('.');
  return [head, claims, signature];
}
function decode(part: string): Json {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
function hmac(text: string, key: string | Buffer, hash = 'sha256'): string {
  return createHmac(hash, key).update(text).digest('base64url');
}

/** The token with another header, under its own signature. */
function withHeader(change: Json): (given: Given) => string {
  return ({ token }) => {
    const [head, claims, signature] = parts(token);
    return `${encode({ ...decode(head), ...change })}.${claims}.${signature}`;
  };
}
/** The token with other claims, under its own signature. */
function withClaims(change: Json): (given: Given) => string {
  return ({ token }) => {
    const [head, claims, signature] = parts(token);
    return `${head}.${encode({ ...decode(claims), ...change })}.${signature}`;
  };
}
/** The token with another header and other claims, signed with HS256 by a key that is not ours. */
function signedWith(key: string | Buffer, header: Json = {}, claims: Json = {}): (given: Given) => string {
  return ({ token }) => {
    const [head, body] = parts(token);
    const said = `${encode({ ...decode(head), ...header })}.${encode({ ...decode(body), ...claims })}`;
    return `${said}.${hmac(said, key)}`;
  };
}
/** The same, by the key of another algorithm. */
function signedBy(alg: string, key: KeyObject, header: Json = {}): (given: Given) => Promise<string> {
  return async ({ token }) => {
    const [head, body] = parts(token);
    return await new SignJWT({ ...decode(body) }).setProtectedHeader({ ...decode(head), ...header, alg }).sign(key);
  };
}
/** Signed with our secret. The genuine claims are accepted (see below), so it is the change that is refused. */
function ours(change: (header: Json, claims: Json) => readonly [unknown, unknown], hash = 'sha256') {
  return ({ token }: Given): string => {
    const [head, body] = parts(token);
    const [header, claims] = change(decode(head), decode(body));
    const said = `${encode(header)}.${encode(claims)}`;
    return `${said}.${hmac(said, testSecret, hash)}`;
  };
}
function without(claims: Json, name: string): Json {
  return Object.fromEntries(Object.entries(claims).filter(([one]) => one !== name));
}
/** The token with one bit flipped, in the byte at `place` (0–1) of a part. */
function bitTurned(part: 0 | 1 | 2, place: number): (given: Given) => string {
  return ({ token }) => {
    const changed = [...parts(token)];
    const bytes = Buffer.from(changed[part] ?? '', 'base64url');
    const index = Math.min(bytes.length - 1, Math.floor(place * bytes.length));
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    changed[part] = bytes.toString('base64url');
    return changed.join('.');
  };
}
/** Other letters that decode to the same bytes. */
function otherLastLetter({ token }: Given): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.slice(-1));
  return token.slice(0, -1) + alphabet[last ^ 1];
}

const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const forgeries: readonly Forgery[] = [
  // No signature.
  ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): readonly Forgery[] => [
    [`alg ${alg || 'empty'}, without a signature`, (given) => withHeader({ alg })(given).replace(/[^.]*$/, '')],
    [`alg ${alg || 'empty'}, with the old signature`, withHeader({ alg })],
  ]),
  [
    'an unsecured token with its end in due form',
    ({ token }) => new UnsecuredJWT({ ...decode(parts(token)[1]) }).encode(),
  ],
  ['no alg', withHeader({ alg: undefined })],
  ['alg null', withHeader({ alg: null })],
  ['several algs', withHeader({ alg: ['HS256', 'none'] })],

  // Another algorithm.
  ['RS256', signedBy('RS256', rsa.privateKey)],
  ['PS256', signedBy('PS256', rsa.privateKey)],
  ['ES256', signedBy('ES256', ellipticCurve.privateKey)],
  ['EdDSA', signedBy('EdDSA', edwards.privateKey)],
  ['RS256 in name, HS256 by its public key', signedWith(publicPem, { alg: 'RS256' })],
  ['HS256 by a public key', signedWith(publicPem)],
  ['HS384, by our secret', ours((header, claims) => [{ ...header, alg: 'HS384' }, claims], 'sha384')],
  ['HS512, by our secret', ours((header, claims) => [{ ...header, alg: 'HS512' }, claims], 'sha512')],
  ['hs256 in small letters, by our secret', ours((header, claims) => [{ ...header, alg: 'hs256' }, claims])],

  // Another key.
  ['a guessed secret', signedWith(guessedSecret)],
  ['an empty secret', signedWith('')],
  ['the key id as the secret', (given) => signedWith(String(decode(parts(given.token)[0])['kid']))(given)],
  ['a random secret, and its own key id', signedWith(randomBytes(32), { kid: 'mine' })],
  ['no key id', signedWith(guessedSecret, { kid: undefined })],
  ['an empty key id', signedWith('', { kid: '' })],
  ['a path as key id', signedWith('', { kid: '../../../../dev/null' })],
  ['SQL as key id', signedWith('x', { kid: "' UNION SELECT 'x" })],
  ['a command as key id', signedWith('x', { kid: '|/bin/echo x' })],
  ['a property of every object as key id', signedWith('', { kid: '__proto__' })],
  ['a method of every object as key id', signedWith('', { kid: 'constructor' })],
  ['a number as key id', signedWith('', { kid: 0 })],
  ['a list as key id', (given) => signedWith('', { kid: [decode(parts(given.token)[0])['kid']] })(given)],
  [
    'a key of its own beside it (jwk)',
    async (given) => {
      const jwk = await exportJWK(rsa.publicKey);
      return await signedBy('RS256', rsa.privateKey, { jwk })(given);
    },
  ],
  [
    'a symmetric key of its own beside it (jwk)',
    signedWith('x'.repeat(32), { jwk: { kty: 'oct', k: encode('x'.repeat(32)) } }),
  ],
  ['where to fetch its key (jku)', signedWith(guessedSecret, { jku: 'http://127.0.0.1:1/keys.json' })],
  ['where to fetch its certificate (x5u)', signedBy('RS256', rsa.privateKey, { x5u: 'http://127.0.0.1:1/x.pem' })],
  ['a certificate beside it (x5c)', signedBy('RS256', rsa.privateKey, { x5c: ['MIIB'] })],

  // The signature of another token.
  ['admin, under its own signature', withClaims({ admin: true })],
  [
    'another account, under its own signature',
    ({ token, othersToken }) => {
      const { sub, username, sid } = decode(parts(othersToken)[1]);
      return withClaims({ sub, username, sid })({ token, othersToken });
    },
  ],
  ['another session, under its own signature', withClaims({ sid: 'x' })],
  ['a far end, under its own signature', withClaims({ exp: 99_999_999_999 })],
  [
    "another token's claims",
    ({ token, othersToken }) => [parts(token)[0], parts(othersToken)[1], parts(token)[2]].join('.'),
  ],
  [
    "another token's signature",
    ({ token, othersToken }) => [...parts(token).slice(0, 2), parts(othersToken)[2]].join('.'),
  ],
  [
    'a claim twice',
    ({ token }) => {
      const [head, claims, signature] = parts(token);
      const text = Buffer.from(claims, 'base64url').toString();
      return `${head}.${encode(`${text.slice(0, -1)},"admin":true}`)}.${signature}`;
    },
  ],
  [
    'a blank in the claims',
    ({ token }) => {
      const [head, claims, signature] = parts(token);
      return `${head}.${encode(`${Buffer.from(claims, 'base64url').toString()} `)}.${signature}`;
    },
  ],

  // Flipped bits.
  ...([0, 1, 2] as const).flatMap((part) =>
    [0, 0.3, 0.7, 1].map((place): Forgery => [`a bit turned in part ${part} at ${place}`, bitTurned(part, place)]),
  ),

  // Not quite a token.
  ['no signature', ({ token }) => token.replace(/[^.]*$/, '')],
  ['no signature and no dot', ({ token }) => parts(token).slice(0, 2).join('.')],
  ['half a signature', ({ token }) => token.slice(0, -22)],
  ['a signature short of a letter', ({ token }) => token.slice(0, -1)],
  ['a letter more', ({ token }) => `${token}A`],
  ['two signatures', ({ token }) => `${token}.${parts(token)[2]}`],
  ['two signatures in one', ({ token }) => token + parts(token)[2]],
  ['an encrypted token’s five parts', ({ token }) => `${token}..`],
  ['another last letter for the same bytes', otherLastLetter],
  ['padding', ({ token }) => `${token}=`],
  ['letters of plain base64', ({ token }) => `${token.slice(0, token.lastIndexOf('.'))}.+/${parts(token)[2].slice(2)}`],
  ['a blank in front', ({ token }) => ` ${token}`],
  ['a blank behind', ({ token }) => `${token} `],
  ['a blank within the signature', ({ token }) => `${token.slice(0, -5)} ${token.slice(-5)}`],
  ['a line break behind', ({ token }) => `${token}\n`],
  ['NUL behind', ({ token }) => `${token}\0`],
  [
    'JSON in place of a compact token',
    ({ token }) => {
      const [head, payload, signature] = parts(token);
      return JSON.stringify({ protected: head, payload, signature });
    },
  ],
  ['a token in a token', ({ token }) => `${parts(token)[0]}.${encode(token)}.${parts(token)[2]}`],

  // Made with our own secret, as if it had leaked. The claims are still checked.
  ['no end', ours((header, claims) => [header, without(claims, 'exp')])],
  ['an end in words', ours((header, claims) => [header, { ...claims, exp: '99999999999' }])],
  ['an end that has passed', ours((header, claims) => [header, { ...claims, exp: 1 }])],
  ['no number as its end', ours((header, claims) => [header, { ...claims, exp: null }])],
  ['a start that has not come', ours((header, claims) => [header, { ...claims, nbf: 99_999_999_999 }])],
  ['no session', ours((header, claims) => [header, without(claims, 'sid')])],
  ['a session that never was', ours((header, claims) => [header, { ...claims, sid: 'never' }])],
  ['no account', ours((header, claims) => [header, without(claims, 'sub')])],
  ['an account that never was', ours((header, claims) => [header, { ...claims, sub: 'local' }])],
  ['another type of token', ours((header, claims) => [{ ...header, typ: 'at+jwt' }, claims])],
  ['a critical extension that nobody knows', ours((header, claims) => [{ ...header, crit: ['x'], x: 1 }, claims])],
  ['claims that are a list', ours((header, claims) => [header, [claims]])],
  ['claims that are text', ours((header) => [header, '"text"'])],
];

describe('a forged token', () => {
  let test: TestAuth;
  let server: RunningServer;
  let given: Given;
  beforeAll(async () => {
    test = await makeTestAuth();
    const log = pino({ level: 'silent' });
    server = await startServer(createAuthApp({ authentication: test.auth, loopback: true, log }), {
      host: '127.0.0.1',
      port: 0,
      log,
    });
    const password = 'correct horse battery';
    const [ada, eve] = ['ada@example.com', 'eve@example.com'];
    for (const email of [ada, eve]) await test.auth.createAccount({ email, password }, '127.0.0.1');
    given = {
      token: await test.auth.signIn({ email: eve, password }, 'here'),
      othersToken: await test.auth.signIn({ email: ada, password }, 'here'),
    };
  });
  afterAll(async () => {
    await server.close();
    await test[Symbol.asyncDispose]();
  });

  it('is told from a genuine one, and from one that was signed again with our secret', async () => {
    const anew = ours((header, claims) => [header, claims])(given);
    for (const token of [given.token, anew]) {
      expect(await test.auth.identify(token)).toMatchObject({ email: 'eve@example.com', admin: false });
    }
  });

  it.each(forgeries)('is refused: %s', async (_name, make) => {
    const forged = await make(given);
    expect(forged).not.toBe(given.token);
    const refusal: unknown = await test.auth.identify(forged).then(
      (identity) => identity,
      (error: unknown) => error,
    );
    expect(isAppError(refusal, 'unauthorized')).toBe(true);
  });

  it('comes in at least 60 kinds, all different', async () => {
    const texts = await Promise.all(forgeries.map(async ([, make]) => await make(given)));
    const alike = forgeries.filter((_, index) => texts.indexOf(texts[index] ?? '') !== index).map(([name]) => name);
    expect(alike).toEqual([]);
    expect(forgeries.length).toBeGreaterThanOrEqual(60);
  });

  it.each(forgeries)('is refused over HTTP without saying why: %s', async (_name, make) => {
    // Headers cannot carry these letters, and blanks around a value are not part of it.
    const forged = encodeURI((await make(given)).trim());
    const headers = { authorization: `Bearer ${forged}` };
    const answer = await fetch(`${server.url}/validate`, { method: 'POST', headers });
    if (forged === given.token) return expect(answer.status).toBe(200);
    const { code, detail } = problemSchema.parse(await answer.json());
    expect([answer.status, code, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'unauthorized',
      expect.stringMatching(/^Bearer/),
    ]);
    expect(detail).not.toMatch(/jw|alg|signature|kid|HS256/i);
  });
});
