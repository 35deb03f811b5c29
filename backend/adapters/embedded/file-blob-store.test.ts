import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bytesOf, expectCode, fence, from, label, listed, put, read } from '../../ports/blob-examples.ts';
import { openFileBlobStore } from './file-blob-store.ts';

/** Windows cannot sync folders. */
const folderSyncs = process.platform === 'win32' ? 0 : 1;

describe('blobs as files', () => {
  let outside: string;
  let folder: string;
  beforeEach(async () => {
    outside = await mkdtemp(path.join(tmpdir(), 'soundlift-blobs-'));
    folder = path.join(outside, 'videos');
  });
  afterEach(() => rm(outside, { recursive: true }));

  it('are named after their ids, with .part while they grow, with access only for their owner', async () => {
    const store = await openFileBlobStore(folder);
    await put(store, 'finished', bytesOf('abc'));
    await store.append('growing', fence, 0, from(bytesOf('abc')), label);
    expect((await readdir(folder)).toSorted()).toEqual(['finished', 'growing.part']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(folder, 'finished'))).mode & 0o777).toBe(0o600);
  });

  it('reads, writes and removes nothing outside its folder', async () => {
    const store = await openFileBlobStore(folder);
    const secret = path.join(outside, 'secret');
    await writeFile(secret, 'secret');
    await writeFile(`${secret}.part`, 'secret');
    for (const id of ['../secret', '..\\secret', secret, 'x/../../secret', '%2e%2e/secret', '../secret\0']) {
      await expectCode(store.open(id), 'not_found');
      await expectCode(store.localFile(id), 'not_found');
      await expectCode(store.stat(id), 'not_found');
      await expectCode(store.append(id, fence, 0, from(bytesOf('abc')), label), 'not_found');
      await expectCode(store.append(id, fence, 6, from(bytesOf('abc')), label), 'not_found');
      await expectCode(store.finish(id, fence), 'not_found');
      await expectCode(store.remove(id, fence), 'not_found');
    }
    expect((await readdir(outside)).toSorted()).toEqual(['secret', 'secret.part', 'videos']);
    expect(await readFile(`${secret}.part`, 'utf8')).toBe('secret');
  });

  it('returns the file itself, and does not move it', async () => {
    const store = await openFileBlobStore(folder);
    await put(store, 'blob', bytesOf('abc'));
    const file = await store.localFile('blob');
    expect(file.path).toBe(path.join(folder, 'blob'));
    await file[Symbol.asyncDispose]();
    expect(await readFile(file.path, 'utf8')).toBe('abc');
  });

  it('takes a file over by renaming it, with access only for its owner', async () => {
    const store = await openFileBlobStore(folder);
    const file = path.join(outside, 'made.mp3');
    await writeFile(file, 'abc', { mode: 0o644 });
    const { ino } = await stat(file);
    expect(await store.adopt('blob', fence, file, label)).toEqual({ id: 'blob', bytes: 3, finished: true });
    expect((await stat(path.join(folder, 'blob'))).ino).toBe(ino);
    expect((await stat(path.join(folder, 'blob'))).mode & 0o777).toBe(0o600);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(folder)).toEqual(['blob']);
  });

  // A file system in memory, so not the disk's. Only Linux has one.
  it.runIf(process.platform === 'linux')('copies a file that it takes over from another file system', async () => {
    const store = await openFileBlobStore(folder);
    const elsewhere = await mkdtemp('/dev/shm/soundlift-blobs-');
    try {
      const file = path.join(elsewhere, 'made.mp3');
      const bytes = randomBytes(300_000);
      await writeFile(file, bytes);
      const stopped = store.adopt('blob', fence, file, label, AbortSignal.abort(new Error('enough')));
      await expect(stopped).rejects.toThrow('enough');
      expect(await listed(store)).toEqual([]);
      expect(await store.adopt('blob', fence, file, label)).toEqual({ id: 'blob', bytes: 300_000, finished: true });
      expect((await read(store, 'blob')).equals(bytes)).toBe(true);
      expect(await readdir(elsewhere)).toEqual([]);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('finds the blobs of a process that died while a writer was stuck', async () => {
    await mkdir(folder);
    const left = {
      'grown.part': 'old and longer',
      'grown.1.part': 'older',
      'grown.2.part': 'new',
      'grown.3.moving': 'n',
      'finished.part': 'old',
      'finished.12': 'new',
      'finished.9': 'older',
      'plain.part': 'abc',
      'lost.1.moving': 'a',
    };
    for (const [name, contents] of Object.entries(left)) await writeFile(path.join(folder, name), contents);
    const store = await openFileBlobStore(folder);
    expect((await readdir(folder)).toSorted()).toEqual(['finished', 'grown.part', 'plain.part']);
    expect(String(await read(store, 'finished'))).toBe('new');
    expect(await readFile(path.join(folder, 'grown.part'), 'utf8')).toBe('new');
  });

  it('opens although a file cannot be put in order, reports it, and puts the others in order', async () => {
    await mkdir(path.join(folder, 'stuck.1.part'), { recursive: true });
    for (const name of ['stuck.2.part', 'behind.1.part']) await writeFile(path.join(folder, name), name);
    const skipped: string[] = [];
    await openFileBlobStore(folder, { onSkipped: ({ kind, id }) => void skipped.push(`${kind} ${id}`) });
    expect(skipped).toEqual(['blob stuck']);
    expect((await readdir(folder)).toSorted()).toEqual(['behind.part', 'stuck.1.part', 'stuck.2.part']);
  });

  it('refuses a second writer at once, and a finish while one writes', async () => {
    const store = await openFileBlobStore(folder);
    await store.append('blob', fence, 0, from(bytesOf('abc')), label);
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytesOf('def');
      begun.resolve();
      await gate.promise;
    }
    const appending = store.append('blob', fence, 3, slow(), label);
    await begun.promise;
    await expectCode(store.append('blob', fence, 3, from(bytesOf('XYZ')), label), 'wrong_state');
    await expectCode(store.append('blob', fence, 6, from(bytesOf('XYZ')), label), 'wrong_state');
    await expectCode(store.finish('blob', fence), 'wrong_state');
    gate.resolve();
    expect(await appending).toBe(6);
    await store.finish('blob', fence);
    expect(String(await read(store, 'blob'))).toBe('abcdef');
  });

  it('counts only what is durable while an append runs', async () => {
    const store = await openFileBlobStore(folder);
    await store.append('blob', fence, 0, from(bytesOf('abc')), label);
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytesOf('def');
      begun.resolve();
      await gate.promise;
    }
    const appending = store.append('blob', fence, 3, slow(), label);
    await begun.promise;
    await expect.poll(async () => (await stat(path.join(folder, 'blob.part'))).size).toBe(6);
    expect(await store.stat('blob')).toEqual({ id: 'blob', bytes: 3, finished: false });
    expect(await listed(store)).toEqual([{ id: 'blob', bytes: 3, finished: false }]);
    gate.resolve();
    await appending;
    expect(await store.stat('blob')).toEqual({ id: 'blob', bytes: 6, finished: false });
  });

  it('keeps the bytes that arrived before a source failed', async () => {
    const store = await openFileBlobStore(folder);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytesOf('abc');
      throw new Error('the client has gone away');
    }
    await expect(store.append('blob', fence, 0, broken(), label)).rejects.toThrow('gone away');
    expect(await store.stat('blob')).toEqual({ id: 'blob', bytes: 3, finished: false });
  });

  it('tells a source to end', async () => {
    const store = await openFileBlobStore(folder);
    const controller = new AbortController();
    const ended = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield bytesOf('abc');
          controller.abort();
        }
      } finally {
        ended.resolve();
      }
    }
    await expect(store.append('blob', fence, 0, endless(), label, { signal: controller.signal })).rejects.toThrow(
      /aborted/,
    );
    await ended.promise;
  });

  it('opens nothing if the signal fires during the call', async () => {
    const store = await openFileBlobStore(folder);
    await put(store, 'blob', bytesOf('abc'));
    const controller = new AbortController();
    const reason = new Error('enough');
    const opening = store.open('blob', undefined, controller.signal);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  it('lists no files of others', async () => {
    const store = await openFileBlobStore(folder);
    await writeFile(path.join(folder, '.DS_Store'), 'looks');
    await writeFile(path.join(folder, 'a.b.part'), 'other');
    await mkdir(path.join(folder, 'sub folder'));
    expect(await listed(store)).toEqual([]);
  });

  it('refuses a folder in the place of a file before it is read', async () => {
    const store = await openFileBlobStore(folder);
    await mkdir(path.join(folder, 'blob'));
    await expectCode(store.open('blob'), 'unavailable');
  });

  // Windows has no named pipes in folders.
  it.skipIf(process.platform === 'win32')('never waits for a named pipe in the place of a file', async () => {
    const store = await openFileBlobStore(folder);
    for (const name of ['finished', 'growing.part']) execFileSync('mkfifo', [path.join(folder, name)]);
    // More than there are threads for files.
    for (let count = 0; count < 10; count += 1) await expectCode(store.open('finished'), 'unavailable');
    await expectCode(store.localFile('finished'), 'unavailable');
    await expectCode(store.append('growing', fence, 0, from(bytesOf('abc')), label), 'unavailable');
    await expectCode(store.finish('growing', fence), 'unavailable');
    await put(store, 'blob', bytesOf('abc'));
    expect(await listed(store)).toEqual([{ id: 'blob', bytes: 3, finished: true }]);
    for (const id of ['finished', 'growing']) await store.remove(id, fence);
    expect(await readdir(folder)).toEqual(['blob']);
  });

  it('throws unavailable if the folder cannot be made', async () => {
    await writeFile(folder, 'a file');
    await expectCode(openFileBlobStore(folder), 'unavailable');
    await expectCode(openFileBlobStore(path.join(folder, 'below')), 'unavailable');
  });

  // A device that is always full; only Linux has it.
  it.runIf(process.platform === 'linux')('throws disk_full if the disk is full, and names no path', async () => {
    const store = await openFileBlobStore(folder);
    await symlink('/dev/full', path.join(folder, 'blob.part'));
    const appending = store.append('blob', fence, 0, from(randomBytes(100)), label);
    await expect(appending).rejects.toMatchObject({ name: 'AppError', code: 'disk_full', cause: { code: 'ENOSPC' } });
    await expect(appending).rejects.not.toThrow(/\//);
  });

  describe('and the disk', () => {
    let handles: FileHandle;
    beforeEach(async () => {
      // The class is not exported, so it is reached through one of its objects.
      const handle = await open(fileURLToPath(import.meta.url));
      handles = Object.getPrototypeOf(handle);
      await handle.close();
    });
    afterEach(() => vi.restoreAllMocks());

    it('resolves only once the file and, where a name is new, the folder are on it', async () => {
      const store = await openFileBlobStore(folder);
      const sync = vi.spyOn(handles, 'sync');
      await store.append('blob', fence, 0, from(bytesOf('abc')), label);
      expect(sync).toHaveBeenCalledTimes(folderSyncs + 1);
      await store.append('blob', fence, 3, from(bytesOf('def')), label);
      expect(sync).toHaveBeenCalledTimes(folderSyncs + 2);
      await store.finish('blob', fence);
      expect(sync).toHaveBeenCalledTimes(2 * folderSyncs + 3);
      await store.remove('blob', fence);
      expect(sync).toHaveBeenCalledTimes(3 * folderSyncs + 3);
    });

    it('truncates a blob to its durable bytes when a sync fails', async () => {
      const store = await openFileBlobStore(folder);
      await store.append('blob', fence, 0, from(bytesOf('abc')), label);
      const failure = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });
      vi.spyOn(handles, 'sync').mockRejectedValueOnce(failure);
      const appending = store.append('blob', fence, 3, from(bytesOf('def')), label);
      await expect(appending).rejects.toMatchObject({ code: 'unavailable', cause: failure });
      expect(await store.stat('blob')).toEqual({ id: 'blob', bytes: 3, finished: false });
      expect(await store.append('blob', fence, 3, from(bytesOf('ghi')), label)).toBe(6);
      await store.finish('blob', fence);
      expect(String(await read(store, 'blob'))).toBe('abcghi');
    });

    it('continues if the disk wrote fewer bytes than it was given', async () => {
      const store = await openFileBlobStore(folder);
      type Write = (this: FileHandle, ...given: WriteArguments) => ReturnType<FileHandle['write']>;
      type WriteArguments = [chunk: Uint8Array, offset: number, length: number, position: number];
      const write: Write = handles.write;
      vi.spyOn(handles, 'write').mockImplementation(function (this: FileHandle, ...given) {
        const [chunk, offset, length, position] = given as unknown as WriteArguments;
        return write.call(this, chunk, offset, Math.ceil(length / 2), position);
      });
      const bytes = randomBytes(1000);
      expect(await store.append('blob', fence, 0, from(bytes.subarray(0, 300), bytes.subarray(300)), label)).toBe(1000);
      await store.finish('blob', fence);
      expect((await read(store, 'blob')).equals(bytes)).toBe(true);
    });

    it.each([0, 1, 250, 299, 300, 301, 999])('continues if it wrote %d bytes of several chunks', async (taken) => {
      const store = await openFileBlobStore(folder);
      const { writev } = handles;
      const gathered = vi.spyOn(handles, 'writev').mockImplementationOnce(function (
        this: FileHandle,
        chunks,
        position,
      ) {
        return writev.call(this, [Buffer.concat(chunks as readonly Uint8Array[]).subarray(0, taken)], position);
      });
      const bytes = randomBytes(1010);
      const chunks = [bytes.subarray(0, 10), bytes.subarray(10, 310), bytes.subarray(310)];
      expect(await store.append('blob', fence, 0, from(...chunks), label)).toBe(1010);
      await store.finish('blob', fence);
      expect(gathered).toHaveBeenCalledTimes(1);
      expect((await read(store, 'blob')).equals(bytes)).toBe(true);
    });

    it('throws disk_full even if only a later chunk does not fit', async () => {
      const store = await openFileBlobStore(folder);
      const full = Object.assign(new Error('ENOSPC: no space left on device, writev'), {
        code: 'ENOSPC',
        syscall: 'writev',
      });
      vi.spyOn(handles, 'writev').mockRejectedValueOnce(full);
      const chunks = ['abc', 'def', 'ghi'].map(bytesOf);
      await expectCode(store.append('blob', fence, 0, from(...chunks), label), 'disk_full');
      expect(await store.stat('blob')).toEqual({ id: 'blob', bytes: 3, finished: false });
    });

    it('can at once start a blob again that was removed while it was written', async () => {
      const store = await openFileBlobStore(folder);
      const begun = Promise.withResolvers<void>();
      async function* endless(): AsyncGenerator<Uint8Array> {
        yield bytesOf('abc');
        begun.resolve();
        await new Promise(() => undefined);
      }
      const appending = store.append('blob', fence, 0, endless(), label);
      await begun.promise;
      // It makes the bytes that have arrived durable before it closes the file.
      vi.spyOn(handles, 'sync').mockImplementationOnce(() => wait(100));
      const refused = expectCode(appending, 'wrong_state');
      await store.remove('blob', fence);
      await put(store, 'blob', bytesOf('def'));
      await refused;
      expect(String(await read(store, 'blob'))).toBe('def');
    });

    it('leaves no files of a stuck writer behind once its call has returned', async () => {
      const store = await openFileBlobStore(folder);
      await store.append('blob', fence, 0, from(bytesOf('abc')), label);
      const stuck = Promise.withResolvers<void>();
      const freed = Promise.withResolvers<void>();
      const { write } = handles;
      vi.spyOn(handles, 'write').mockImplementationOnce(async function (this: FileHandle, ...given) {
        stuck.resolve();
        await freed.promise;
        return await Reflect.apply(write, this, given);
      });
      const refused = expectCode(store.append('blob', fence, 3, from(bytesOf('XYZ')), label), 'wrong_state');
      await stuck.promise;
      await store.append('blob', fence + 1, 3, from(bytesOf('def')), label);
      freed.resolve();
      await refused;
      expect(await listed(store)).toEqual([{ id: 'blob', bytes: 6, finished: false }]);
      expect(await readdir(folder)).toHaveLength(1);

      const reopened = await openFileBlobStore(folder);
      expect(await readdir(folder)).toEqual(['blob.part']);
      await reopened.finish('blob', fence);
      expect(String(await read(reopened, 'blob'))).toBe('abcdef');
    });

    it('makes the bytes of a killed process durable before they count', async () => {
      await openFileBlobStore(folder);
      await writeFile(path.join(folder, 'one.part'), 'abc');
      await writeFile(path.join(folder, 'other.part'), 'abc');
      await writeFile(path.join(folder, 'finished'), 'abc');
      const sync = vi.spyOn(handles, 'sync');
      await openFileBlobStore(folder);
      expect(sync).toHaveBeenCalledTimes(folderSyncs + 2);
    });
  });
});
