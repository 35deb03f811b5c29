import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { convertWhile, owner, setUpTestConverter } from '../tests/converter-for-each-test.ts';

/** While true, nothing can be removed but the link to the source, which each conversion replaces first. */
const disk = vi.hoisted(() => ({ keepsAll: false }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const rm: typeof real.rm = async (...given) => {
    if (disk.keepsAll && !String(given[0]).endsWith('/source')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    await real.rm(...given);
  };
  return { ...real, rm };
});

const stand = setUpTestConverter();
const { handle, submit, see } = stand;

describe('a conversion during which nothing can be removed', () => {
  afterEach(async () => {
    disk.keepsAll = false;
    for (const left of await readdir(stand.workFolder)) await rm(join(stand.workFolder, left), { recursive: true });
  });

  test('fails with its own reason, and the next one is converted', async () => {
    const { id } = await submit(await stand.media.makeBroken('text'));
    const next = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    disk.keepsAll = true;
    await handle();
    expect((await see(id)).error).toMatchObject({ code: 'not_media' });
    expect((await see(next.id)).state).toBe('done');
    expect(stand.backend.skippedItems.filter((item) => item.startsWith('folder '))).toHaveLength(2);
  });

  test('says that an MP3 remains of it if it is cancelled at its end', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const { adopt } = stand.backend.mp3s;
    vi.spyOn(stand.backend.mp3s, 'adopt').mockImplementationOnce(async (...given) => {
      const adopted = await adopt(...given);
      await stand.backend.conversions.owned.cancel(owner, id);
      disk.keepsAll = true;
      return adopted;
    });
    await handle({ convert: convertWhile(async () => undefined) });
    expect((await see(id)).state).toBe('cancelled');
    expect(stand.backend.skippedItems).toContain(`blob ${id}-1`);
  });

  test('waits for space as the others do', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const { adopt } = stand.backend.mp3s;
    vi.spyOn(stand.backend.mp3s, 'adopt').mockImplementationOnce(async (...given) => {
      await adopt(...given);
      disk.keepsAll = true;
      throw new AppError('disk_full', 'The disk is full.');
    });
    expect(await handle({ convert: convertWhile(async () => undefined) })).toEqual([5]);
    expect((await see(id)).state).toBe('queued');
    expect(stand.backend.skippedItems).toContain(`blob ${id}-1`);
  });
});
