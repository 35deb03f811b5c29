import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseMongoAddress } from './mongo-address.ts';
import { openMongoStores } from './mongo-stores.ts';

describe('the address of a MongoDB', () => {
  it.each([
    ['mongodb://localhost', 'soundlift'],
    ['mongodb://127.0.0.1/', 'soundlift'],
    ['mongodb://127.0.0.1:1,localhost:2/?replicaSet=rs', 'soundlift'],
    ['mongodb://[::1]:27017/x', 'x'],
    ['mongodb://anna:kLw2-9d@localhost/x', 'x'],
    ['mongodb://%2Frun%2Fmongodb.sock/x', 'x'],
    ['mongodb://anna:kLw2-9dPq7-uYx4-@one:27017,two:27018/other?replicaSet=rs&tls=true', 'other'],
    ['mongodb://anna:a%40long%2Fenough+word@db/other-1', 'other-1'],
    ['mongodb+srv://anna:kLw2-9dPq7-uYx4-@cluster.example.org/x', 'x'],
    ['mongodb://db/x?authMechanism=MONGODB-X509&authSource=%24external&tls=true', 'x'],
  ])('%s names the database %s', async (url, name) => {
    const { client, database } = parseMongoAddress(url);
    expect(database).toBe(name);
    await client.close();
  });

  it.each([
    '',
    'db',
    'http://anna:secret@db/x',
    'mongodb://',
    'mongodb:///x',
    'mongodb://anna:secret@',
    'mongodb://anna:se/cret@db/x',
    'mongodb://anna:secret@db/x y',
    'mongodb://anna:secret@db/x.y',
    'mongodb://anna:secret@db/$x',
    'mongodb://anna:secret@db:port/x',
    'mongodb://anna:%zzsecret@db/x',
    'mongodb://anna:secret@db/x?retryWrites=perhaps',
    'mongodb://anna:secret@db/x?unknownOption=secret',
  ])('%j is refused in a sentence without the password', (url) => {
    let error: unknown;
    try {
      parseMongoAddress(url);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringMatching(/^MONGODB_URL must be /) });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret|cret@/);
  });

  const ownPassword = "a URL with a password of at least 16 bytes that is not the user's name";
  it.each([
    ['mongodb://db', 'a URL with a user and a password, unless MongoDB is on this computer'],
    ['mongodb://localhost,db/x', 'a URL with a user and a password, unless MongoDB is on this computer'],
    ['mongodb+srv://cluster.example.org/x', 'a URL with a user and a password, unless MongoDB is on this computer'],
    ['mongodb://anna:kLw2-9dPq7-uYx@db/x', ownPassword],
    ['mongodb://anna@db/x', ownPassword],
    ['mongodb+srv://anna:kLw2@cluster.example.org/x', ownPassword],
    ['mongodb://anna-from-next-door:anna-from-next-door@db/x', ownPassword],
    ['mongodb://anna:kLw2@db/x?authMechanism=PLAIN&authSource=%24external', ownPassword],
    [
      'mongodb://root:change-me-change-me@db/x',
      'a URL with a random password of your own, not a default, an example or a pattern',
    ],
    [
      'mongodb://root:example@localhost/x',
      'a URL with a random password of your own, not a default, an example or a pattern',
    ],
  ])('%s must be better protected', (url, expected) => {
    expect(() => parseMongoAddress(url)).toThrow(
      expect.objectContaining({ code: 'invalid', message: `MONGODB_URL must be ${expected}.` }),
    );
  });

  it('cannot make writes less durable, or reads older', async () => {
    const options = 'w=0&journal=false&readPreference=secondary&readConcernLevel=available&socketTimeoutMS=0';
    const { client } = parseMongoAddress(`mongodb://localhost/x?${options}`);
    expect(client.options).toMatchObject({
      writeConcern: { w: 'majority', journal: true },
      readPreference: { mode: 'primary' },
      readConcern: { level: 'majority' },
      socketTimeoutMS: 8000,
    });
    await client.close();
  });

  it('has a password that no error shows if the server cannot be reached', async () => {
    const error: unknown = await openMongoStores('mongodb://anna:the-secret-of-anna@127.0.0.1:9/x').catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'unavailable', message: 'The database cannot be reached.' });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret');
  });
});
