import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStores } from './embedded-stores.ts';

const program = fileURLToPath(new URL('../../tests/stores/doomed-program.ts', import.meta.url));

describe('a data folder in use', () => {
  let outside: string;
  let folder: string;
  const children: ChildProcessByStdio<null, Readable, Readable>[] = [];
  beforeEach(async () => {
    outside = await mkdtemp(path.join(tmpdir(), 'soundlift-lock-'));
    folder = path.join(outside, 'data');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(outside, { recursive: true });
  });

  /** Another process that opens the stores. */
  function startElsewhere() {
    const child = spawn(process.execPath, [program, 'wait', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }

  it('is not opened by another process, even if the lock file was removed', async () => {
    const holder = startElsewhere();
    await once(holder.stdout, 'data');
    const inUse = { name: 'AppError', code: 'data_in_use' };
    await expect(openEmbeddedStores(folder)).rejects.toMatchObject(inUse);
    await rm(path.join(folder, 'lock'));
    await expect(openEmbeddedStores(folder)).rejects.toMatchObject(inUse);
    await expect(openEmbeddedStores(folder)).rejects.toMatchObject(inUse);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await openEmbeddedStores(folder))[Symbol.asyncDispose]();
  });

  it('stays locked when this process tries to open it again, also by another name', async () => {
    await using _ = await openEmbeddedStores(folder);
    const alias = path.join(outside, 'alias');
    await symlink(folder, alias);
    for (const name of [folder, alias]) {
      await expect(openEmbeddedStores(name)).rejects.toMatchObject({ code: 'data_in_use' });
    }
    expect(await text(startElsewhere().stderr)).toContain('data_in_use');
  });

  it('can be opened by this process once it is closed, and another folder in its place before', async () => {
    {
      await using _ = await openEmbeddedStores(folder);
      await rename(folder, path.join(outside, 'moved'));
      await using _other = await openEmbeddedStores(folder);
    }
    await (await openEmbeddedStores(folder))[Symbol.asyncDispose]();
    await (await openEmbeddedStores(path.join(outside, 'moved')))[Symbol.asyncDispose]();
  });

  it('keeps its write-ahead log when another process opens and closes the accounts', async () => {
    await using stores = await openEmbeddedStores(folder);
    const accounts = path.join(folder, 'accounts.db');
    const user = { email: 'a', passwordHash: 'x', admin: false, confirmed: true, mail: true, createdAt: '2026' };
    await stores.users.insert({ ...user, id: '1', email: 'a' });
    const script = `
      const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
      console.log(database.prepare('SELECT count(*) AS count FROM users').get().count);
      database.close();`;
    const other = spawn(process.execPath, ['-e', script, accounts], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await text(other.stdout)).toBe('1\n');
    // Whoever closes the last connection removes the log. What was written into a removed log would be lost.
    await access(`${accounts}-wal`);
  });
});
