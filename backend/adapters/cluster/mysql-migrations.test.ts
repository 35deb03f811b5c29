import { readFile } from 'node:fs/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PrivateMariadb, startPrivateMariadb } from '../../tests/servers/private-mariadb.ts';
import { type MysqlAuthStores, openMysqlAuthStores } from './mysql-auth-stores.ts';

let server: PrivateMariadb;
let administrator: Connection;
beforeAll(async () => {
  server = await startPrivateMariadb();
});
afterAll(() => server?.[Symbol.asyncDispose]());

let opened: AsyncDisposableStack;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  administrator = opened.use(await server.connect());
  opened.defer(async () => {
    await administrator.query('DROP DATABASE IF EXISTS auth');
  });
});
afterEach(() => opened.disposeAsync());

const user = {
  id: 'anna',
  email: 'anna@example.org',
  passwordHash: '$argon2id$a hash',
  admin: true,
  confirmed: true,
  mail: true,
  createdAt: '2026-05-04T03:02:01.000Z',
};

async function open(url = server.urlOf('auth')): Promise<MysqlAuthStores> {
  return opened.use(await openMysqlAuthStores(url));
}

async function rowsOf(sql: string, connection = administrator): Promise<readonly RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows;
}

describe('the tables', () => {
  beforeEach(async () => {
    await administrator.query('CREATE DATABASE auth DEFAULT CHARACTER SET latin1');
  });

  it('are made once by processes that start at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    expect(await rowsOf('SELECT version FROM auth.schema_version')).toEqual([{ version: 1 }]);
    await all[0]?.users.insert(user);
    for (const { users } of all) expect(await users.get(user.id)).toEqual(user);
  });

  it('wait for the process that is making them', async () => {
    const lock = "SHA2('auth migrations of Soundlift', 256)";
    await rowsOf(`SELECT GET_LOCK(${lock}, 0)`);
    let isOpen = false;
    const opening = open().then(() => {
      isOpen = true;
    });
    await expect
      .poll(() => rowsOf("SELECT id FROM information_schema.processlist WHERE state = 'User lock'"))
      .toHaveLength(1);
    expect(isOpen).toBe(false);
    await rowsOf(`SELECT RELEASE_LOCK(${lock})`);
    await opening;
  });

  it('are completed if their making was interrupted, and what is there stays', async () => {
    const { users } = await open();
    await users.insert(user);
    await administrator.query('DROP TABLE auth.schema_version; DROP TABLE auth.rate_limit;');
    const { users: again, rateLimit } = await open();
    expect(await again.get(user.id)).toEqual(user);
    expect(await rateLimit.allow('key', { count: 1, seconds: 900 })).toMatchObject({ allowed: true });
  });

  it('are used without a lock if nothing has to be made', async () => {
    await open();
    await rowsOf("SELECT GET_LOCK(SHA2('auth migrations of Soundlift', 256), 0)");
    await open();
  });

  it('are left alone if a newer version of Soundlift has changed them', async () => {
    await open();
    await administrator.query('INSERT INTO auth.schema_version (version) VALUES (99)');
    await expect(open()).rejects.toMatchObject({
      name: 'AppError',
      code: 'unsupported',
      message:
        'The database that MYSQL_URL names was changed by a newer version of Soundlift; update Soundlift to use it.',
    });
  });

  it('hold text as utf8mb4 or as bytes, whatever the default of the database is', async () => {
    await open();
    const columns = await rowsOf(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'auth' AND collation_name <> 'utf8mb4_bin'",
    );
    expect(columns).toEqual([]);
  });
});

describe('init.sql', () => {
  const initFile = new URL('../../deploy/mysql/init.sql', import.meta.url);
  const password = "a pass'word with an @ and a \\";
  const url = () => `mysql://auth_user:${encodeURIComponent(password)}@127.0.0.1:${server.port}/auth`;
  let init: string;
  beforeEach(async () => {
    init = await readFile(initFile, 'utf8');
    opened.defer(async () => {
      await administrator.query('DROP USER IF EXISTS auth_user, intruder');
    });
  });

  async function connectAsAuth(): Promise<Connection> {
    const login = { user: 'auth_user', password, database: 'auth' };
    return opened.use(await createConnection({ host: '127.0.0.1', port: server.port, ...login }));
  }

  it('makes an account with which nobody can sign in before it has a password', async () => {
    await administrator.query(init);
    for (const guess of ['', 'auth_user', 'Auth123']) {
      const login = createConnection({ host: '127.0.0.1', port: server.port, user: 'auth_user', password: guess });
      await expect(login).rejects.toThrow();
    }
  });

  it.each([
    [
      'by ALTER USER',
      [() => init, () => `ALTER USER auth_user IDENTIFIED BY ${administrator.escape(password)} ACCOUNT UNLOCK`],
    ],
    [
      'by an image that made it with all rights before',
      [
        () => `CREATE USER auth_user IDENTIFIED BY ${administrator.escape(password)}`,
        () => 'GRANT ALL ON *.* TO auth_user WITH GRANT OPTION',
        () => init,
      ],
    ],
    [
      'by ALTER USER, and run again',
      [
        () => init,
        () => `ALTER USER auth_user IDENTIFIED BY ${administrator.escape(password)} ACCOUNT UNLOCK`,
        () => init,
      ],
    ],
  ])('lets auth do what it needs with a password that was given %s, and no more', async (_how, steps) => {
    for (const step of steps) await administrator.query(step());
    const { users } = await open(url());
    await users.insert(user);
    expect(await users.update(user.id, { mail: false })).toBe(true);
    expect(await users.get(user.id)).toEqual({ ...user, mail: false });
    await users.remove(user.id);
    const grants = await rowsOf('SHOW GRANTS FOR auth_user');
    // MariaDB shows the hash of the password, too.
    expect(grants.map((grant) => String(Object.values(grant)[0]).replace(/ IDENTIFIED BY PASSWORD .*/, ''))).toEqual([
      'GRANT USAGE ON *.* TO `auth_user`@`%`',
      'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX, ALTER ON `auth`.* TO `auth_user`@`%`',
    ]);
  });

  it('makes an account that can do nothing else', async () => {
    await administrator.query(init);
    await administrator.query(`ALTER USER auth_user IDENTIFIED BY ${administrator.escape(password)} ACCOUNT UNLOCK`);
    await open(url());
    await administrator.query(
      "CREATE DATABASE others; CREATE TABLE others.secret (word TEXT); INSERT INTO others.secret VALUES ('x')",
    );
    opened.defer(async () => {
      await administrator.query('DROP DATABASE others');
    });
    const auth = await connectAsAuth();
    const file = `/tmp/soundlift-${process.pid}`;
    for (const statement of [
      'SELECT * FROM mysql.user',
      'SELECT * FROM others.secret',
      'DELETE FROM others.secret',
      'INSERT INTO others.secret VALUES (1)',
      'CREATE TABLE others.more (id INT)',
      'CREATE DATABASE more',
      'DROP DATABASE auth',
      'DROP TABLE user',
      'TRUNCATE TABLE user',
      'CREATE VIEW everybody AS SELECT * FROM user',
      'CREATE TRIGGER spy BEFORE INSERT ON user FOR EACH ROW SET NEW.admin = 1',
      'CREATE PROCEDURE later() SELECT 1',
      'CREATE EVENT later ON SCHEDULE EVERY 1 DAY DO SELECT 1',
      'CREATE USER intruder',
      'GRANT SELECT ON auth.* TO auth_user',
      "ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY 'x'",
      `SELECT email INTO OUTFILE '${file}' FROM user`,
      "LOAD DATA INFILE '/etc/hostname' INTO TABLE user",
      'SET GLOBAL max_connections = 1',
      `KILL ${administrator.threadId}`,
      'FLUSH TABLES',
      'SHOW REPLICA STATUS',
      'LOCK TABLES user WRITE',
      'SHUTDOWN',
    ]) {
      await expect(auth.query(statement), statement).rejects.toThrow(/denied|not owner/);
    }
    expect(await rowsOf("SELECT LOAD_FILE('/etc/hostname') AS text", auth)).toEqual([{ text: null }]);
    const databases = await rowsOf('SHOW DATABASES', auth);
    expect(databases.map(({ Database }) => String(Database)).filter((name) => !name.endsWith('_schema'))).toEqual([
      'auth',
    ]);
    const processes = await rowsOf('SELECT DISTINCT user FROM information_schema.processlist', auth);
    expect(processes).toEqual([{ user: 'auth_user' }]);
  });
});
