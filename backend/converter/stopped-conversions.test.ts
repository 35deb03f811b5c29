import { readdir, readlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Convert, convertWhile, owner, setUpTestConverter } from '../tests/converter-for-each-test.ts';

const stand = setUpTestConverter();
const { handle, submit, see, mp3Ids } = stand;

describe('a conversion that is stopped', () => {
  /** Calls `act` once, when ffmpeg has started to deliver. */
  function convertAndThen(act: () => void): Convert {
    let hasActed = false;
    return (request) =>
      stand.reallyConvert({
        ...request,
        onProgress: (progress) => {
          request.onProgress?.(progress);
          if (!hasActed) act();
          hasActed = true;
        },
      });
  }

  async function processesBelowWorkFolder(): Promise<string[]> {
    const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const folders = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')));
    return folders.filter((folder) => folder.startsWith(stand.workFolder));
  }

  test('by a cancel ends with its ffmpeg', async () => {
    const { id } = await submit(await stand.media.make({ container: 'wav', seconds: 90 }));
    const convert = convertAndThen(() => void stand.backend.conversions.owned.cancel(owner, id));
    await handle({ convert });
    expect(await see(id)).toMatchObject({ state: 'cancelled' });
    expect(await processesBelowWorkFolder()).toEqual([]);
    expect(await mp3Ids()).toEqual([]);
  });

  test('by a shutdown goes back to the queue, and the next converter does it', async () => {
    const { id } = await submit(await stand.media.make({ container: 'wav', seconds: 90 }));
    const stopping = new AbortController();
    const convert = convertAndThen(() => stopping.abort());
    await handle({ convert, stopping: stopping.signal });
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    expect(await processesBelowWorkFolder()).toEqual([]);
    await handle();
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
  });

  test('while its MP3 is being stored leaves no MP3', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const convert = convertWhile(() => stand.backend.conversions.owned.cancel(owner, id));
    await handle({ convert });
    expect((await see(id)).state).toBe('cancelled');
    expect(await mp3Ids()).toEqual([]);
  });
});
