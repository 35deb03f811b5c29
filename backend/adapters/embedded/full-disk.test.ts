import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectCode, label } from '../../ports/blob-examples.ts';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { exampleUser } from '../../ports/user-examples.ts';
import { openSmallDisk, type SmallDisk } from '../../tests/running/small-disk.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { type EmbeddedStores, openEmbeddedStores } from './embedded-stores.ts';
import { openFileBlobStore } from './file-blob-store.ts';
import { keepReserve } from './reserve-file.ts';

const mebibyte = 1024 * 1024;
const log = pino({ level: 'silent' });
const anna = exampleUser('anna', { id: 'anna', confirmed: true });
const fence = 1;

let disk: SmallDisk;
/** What a process has opened. */
let opened: AsyncDisposableStack;
let stores: EmbeddedStores;
let reserve: string;
beforeEach(async () => {
  disk = await openSmallDisk(8 * mebibyte);
  await open();
});
afterEach(async () => {
  await opened.disposeAsync();
  await disk[Symbol.asyncDispose]();
});

/** As the server does at its start. */
async function open(): Promise<void> {
  opened = new AsyncDisposableStack();
  stores = opened.use(await openEmbeddedStores(join(disk.here, 'data')));
  reserve = stores.folder.reserve;
  opened.use(await keepReserve(reserve, stores.limits, log));
}

/** Bytes in pieces of 64 KB. */
async function* source(bytes: number, onPiece: () => Promise<void> = async () => undefined) {
  for (let left = bytes; left > 0; left -= 65_536) {
    await onPiece();
    yield new Uint8Array(Math.min(left, 65_536));
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file)).size;
}

describe('a database on a disk with 0 bytes free', () => {
  it('gets the reserve, which is made again when there is space', async () => {
    await stores.users.insert(anna);
    expect(await sizeOf(reserve)).toBe(stores.limits.reserve);
    await disk.fill();
    for (let number = 0; number < 50; number += 1) {
      const session = { id: `session ${number}`, userId: anna.id, revision: 1, endsAt: '2027-01-01T00:00:00.000Z' };
      await stores.sessions.insert(session);
      await disk.fill();
    }
    expect(await sizeOf(reserve)).toBeLessThan(stores.limits.reserve);
    await disk.empty();
    await waitUntil('the reserve is made again', async () => (await sizeOf(reserve)) === stores.limits.reserve);
  });

  it('can be opened', async () => {
    const row = exampleConversion();
    await stores.conversions.insert(row);
    await opened.disposeAsync();
    await disk.fill();
    await open();
    expect(await stores.conversions.get(row.id)).toEqual(row);
    expect(await stores.conversions.replace(row, { ...row, revision: row.revision + 1 })).toBe(true);
  });

  it('refuses what does not fit once the reserve is used up', async () => {
    await disk.fill();
    const insert = async (): Promise<void> => {
      for (;;) {
        const row = exampleConversion();
        await stores.conversions.insert({ ...row, fileName: 'x'.repeat(50_000) });
        await disk.fill();
      }
    };
    await expectCode(insert(), 'disk_full');
    await disk.empty();
    await stores.conversions.insert(exampleConversion());
  });
});

describe('an upload', () => {
  it('is refused before its source is read if it does not fit, and leaves nothing', async () => {
    const room = await stores.videos.room();
    let isRead = false;
    const bytes = source(1, async () => {
      isRead = true;
    });
    const appending = stores.videos.append('large', fence, 0, bytes, label, { expectedBytes: room + 1 });
    await expectCode(appending, 'disk_full');
    expect([isRead, await readdir(stores.folder.videos)]).toEqual([false, []]);
    await stores.videos.append('fits', fence, 0, source(room), label, { expectedBytes: room });
    expect(await stores.videos.stat('fits')).toMatchObject({ bytes: room });
  });

  it('leaves space free for the databases if nobody says how large it is', async () => {
    await expectCode(stores.videos.append('endless', fence, 0, source(100 * mebibyte), label), 'disk_full');
    expect(await disk.freeBytes()).toBeGreaterThan(stores.limits.uploadFloor / 2);
    await stores.videos.remove('endless', fence);
    expect(await stores.videos.room()).toBeGreaterThan(0);
  });

  it('counts what the others still expect', async () => {
    const room = await stores.videos.room();
    const gate = Promise.withResolvers<void>();
    const half = Math.floor(room / 2);
    const slow = stores.videos.append(
      'slow',
      fence,
      0,
      source(half, () => gate.promise),
      label,
      { expectedBytes: half },
    );
    await waitUntil('it has begun', async () => (await stores.videos.stat('slow')) !== undefined);
    const other = () => stores.videos.append('other', fence, 0, source(0), label, { expectedBytes: room - half + 1 });
    await expectCode(other(), 'disk_full');
    expect(await stores.videos.room()).toBe(room - half);
    gate.resolve();
    await slow;
    await stores.videos.remove('slow', fence);
    await other();
  });

  it('ends when another program takes the space', async () => {
    const half = Math.floor((await stores.videos.room()) / 2);
    let pieces = 0;
    const bytes = source(half, async () => {
      pieces += 1;
      if (pieces === 2) await disk.fill(stores.limits.uploadFloor / 2);
    });
    await expectCode(stores.videos.append('blob', fence, 0, bytes, label, { expectedBytes: half }), 'disk_full');
    await stores.videos.remove('blob', fence);
    expect(await readdir(stores.folder.videos)).toEqual([]);
  });
});

it('an MP3 is stored on a full disk, because that takes no space', async () => {
  const made = join(stores.folder.work, 'made');
  await mkdir(stores.folder.work, { recursive: true });
  await writeFile(made, 'mp3');
  await disk.fill();
  await stores.mp3s.adopt('blob', fence, made, label);
  expect(await stores.mp3s.stat('blob')).toMatchObject({ bytes: 3, finished: true });
});

it('a disk that takes no further files has no room for videos', async () => {
  expect(await stores.videos.room()).toBeGreaterThan(0);
  await disk.fillWithFiles();
  expect(await disk.freeBytes()).toBeGreaterThan(mebibyte);
  expect(await stores.videos.room()).toBeLessThanOrEqual(0);
  await expectCode(stores.videos.append('a', fence, 0, source(10), label), 'disk_full');
});

it('a disk that has become read-only is reported where somebody asks for its room', async () => {
  const folder = join(disk.here, 'blobs');
  const blobs = await openFileBlobStore(folder);
  expect(await blobs.room()).toBeGreaterThan(0);
  await opened.disposeAsync();
  await disk.makeReadOnly();
  await expect(blobs.room()).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Nothing can be stored: the disk is read-only, or its folder may not be written.',
  });
});

it('a start on a full disk that has nothing yet says which folder it is about', async () => {
  await disk.fill();
  const starting = openEmbeddedStores(join(disk.here, 'new'), { called: 'The data folder (--data)' });
  await expect(starting).rejects.toMatchObject({
    code: 'disk_full',
    message: 'The data folder (--data) is on a full disk.',
  });
});
