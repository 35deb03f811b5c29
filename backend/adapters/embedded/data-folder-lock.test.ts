import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
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

  it.runIf(process.platform === 'linux')('stays locked by each connection to the accounts', async () => {
    await using _ = await openEmbeddedStores(folder);
    const { ino } = await stat(path.join(folder, 'accounts.db'));
    const locks = (await readFile('/proc/locks', 'utf8')).split('\n');
    // Without it, another program that closes the file, such as sqlite3, takes itself for its last user and removes the write-ahead
    // log. What was written into it after that would be lost.
    const ours = locks.filter((lock) => lock.includes(` ${process.pid} `) && lock.includes(`:${ino} `));
    expect(ours).toEqual([expect.stringContaining('READ')]);
  });
});
