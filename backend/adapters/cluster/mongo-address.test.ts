import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseMongoAddress } from './mongo-address.ts';
import { openMongoStores } from './mongo-stores.ts';

describe('the address of a MongoDB', () => {
  it.each([
    ['mongodb://db', 'soundlift'],
    ['mongodb://db/', 'soundlift'],
    ['mongodb://db/?replicaSet=rs', 'soundlift'],
    ['mongodb://anna:secret@one:27017,two:27018/other?replicaSet=rs&tls=true', 'other'],
    ['mongodb://anna:p%40ss%2F@db/other-1', 'other-1'],
    ['mongodb://[::1]:27017/x', 'x'],
    ['mongodb+srv://cluster.example.org/x', 'x'],
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

  it('cannot make writes less durable, or reads older', async () => {
    const options = 'w=0&journal=false&readPreference=secondary&readConcernLevel=available&socketTimeoutMS=0';
    const { client } = parseMongoAddress(`mongodb://db/x?${options}`);
    expect(client.options).toMatchObject({
      writeConcern: { w: 'majority', journal: true },
      readPreference: { mode: 'primary' },
      readConcern: { level: 'majority' },
      socketTimeoutMS: 8000,
    });
    await client.close();
  });

  it('has a password that no error shows if the server cannot be reached', async () => {
    const error: unknown = await openMongoStores('mongodb://anna:secret@127.0.0.1:9/x').catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'unavailable', message: 'The database cannot be reached.' });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret');
  });
});
