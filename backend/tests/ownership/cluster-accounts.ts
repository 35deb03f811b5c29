import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { RowDataPacket } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { sessionSchema } from '../../../shared/api.ts';
import { runUserCommand } from '../../main/admin.ts';
import { makeAccount, signIn } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { ClusterBackend } from './cluster-backend.ts';

const email = 'root@example.com';
const first = 'the first kLw2-9dPq7 word';
const second = 'another uYx4-0zRt6 word';

/** `soundlift user` on a running cluster, and what MySQL has of passwords then. Registers vitest's tests. */
export function describeClusterAccounts(backend: () => ClusterBackend): void {
  async function run(args: readonly string[], password: string): Promise<string> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const mysqlUrl = backend().servers.environment.MYSQL_URL;
    const readPassword = async (): Promise<string> => password;
    // Nothing may be written to a data folder.
    const config = { dataFolder: '/dev/null', mysqlUrl };
    const code = await runUserCommand(args, { config, stdout, stderr, readPassword });
    stdout.end();
    stderr.end();
    return `${code} ${await text(stdout)}${await text(stderr)}`;
  }

  /** Everything in the database `auth`: the rows of each table. */
  async function everything(): Promise<ReadonlyMap<string, string>> {
    const administrator = await backend().servers.mysql.connect();
    const ask = async (query: string): Promise<readonly RowDataPacket[]> =>
      (await administrator.query<RowDataPacket[]>(query))[0];
    try {
      const tables = await ask("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'auth'");
      const found = new Map<string, string>();
      for (const { name } of tables) {
        const rows = await ask(`SELECT * FROM auth.\`${name}\``);
        found.set(`${name}`, rows.map((row) => Object.values(row).map(String).join(' ')).join('\n'));
      }
      return found;
    } finally {
      await administrator.end();
    }
  }

  describe('soundlift user, with MYSQL_URL', () => {
    it('makes the first account, which the running cluster accepts at once', async () => {
      expect(await run(['add', email, '--admin'], first)).toBe(`0 Added ${email}, an admin.\n`);
      const account = await signIn({ url: () => backend().url, email, password: first });
      expect(await (await account.fetch('/api/v1/me')).json()).toMatchObject({ email, admin: true, confirmed: true });
      expect(await run(['add', email], first)).toBe(`1 There is already an account for ${email}.\n`);
      expect(await run(['list'], '')).toMatch(/^0 (?:.*\n)*\S+  admin  root@example\.com\n/);
    });

    it('sets a new password, which ends every session', async () => {
      const url = (): string => backend().url;
      const account = await signIn({ url, email, password: first });
      expect(await run(['password', email], second)).toBe(`0 ${email} has a new password.\n`);
      expect((await account.fetch('/api/v1/me')).status).toBe(401);
      await expect(signIn({ url, email, password: first })).rejects.toThrow('401');
      await signIn({ url, email, password: second });
    });
  });

  it('MySQL has no password, token or code that could be used', async () => {
    const { url } = backend();
    const body = JSON.stringify({ email, password: second });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1/sessions`, { method: 'POST', headers, body });
    const { accessToken, refreshToken } = sessionSchema.parse(await answer.json());
    const newcomer = await makeAccount({ url: () => url });
    const subject = await waitUntil(
      'a code was mailed',
      () => backend().mails.find(({ to }) => to.includes(newcomer.email))?.parsed.subject,
    );
    const code = /^(\d{4}) (\d{4}) /.exec(subject)?.slice(1).join('') ?? '';
    expect(code).toHaveLength(8);

    const tables = await everything();
    const stored = [...tables.values()].join('\n');
    expect(tables.get('user')).toContain(email);
    expect(tables.get('user')).toMatch(/\$argon2id\$v=19\$/);
    expect(tables.get('session')).not.toBe('');
    expect(tables.get('code')).not.toBe('');
    expect(tables.get('code')).not.toContain(code);
    // All parts of a token but the session's id.
    const parts = [accessToken, refreshToken].flatMap((token) => token.split('.').slice(1));
    for (const secret of [first, second, ...parts]) {
      expect(stored).not.toContain(secret);
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(stored).not.toContain(Buffer.from(secret).toString(encoding));
      }
    }
  });
}
