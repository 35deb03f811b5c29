import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { openListStand } from '../../tests/list-stand.ts';

const running = new AsyncDisposableStack();
let talk: string;
beforeAll(async () => {
  const media = running.use(await openMediaFolder());
  talk = await media.make({ container: 'mp4', seconds: 2 });
});
afterAll(() => running.disposeAsync());

it('a finished row shows that its MP3 is missing, also after a restart, until the MP3 is back', async () => {
  let stand = await openListStand();
  try {
    const video = join(stand.videos, 'talk.mp4');
    const mp3 = join(stand.videos, 'talk.mp3');
    await copyFile(talk, video);
    await stand.list.add([video]);
    await stand.until('talk.mp4', 'done');
    const state = () => stand.row('talk.mp4')?.state;
    await stand.list.lookForFiles();
    expect(state()).not.toHaveProperty('missing');
    await rename(mp3, `${mp3}.elsewhere`);
    await stand.list.lookForFiles();
    await expect.poll(state).toMatchObject({ kind: 'done', missing: true });
    stand = await stand.reopen();
    await stand.list.lookForFiles();
    await expect.poll(state).toMatchObject({ kind: 'done', missing: true });
    await rename(`${mp3}.elsewhere`, mp3);
    await stand.list.lookForFiles();
    await expect.poll(state).not.toHaveProperty('missing');
  } finally {
    await stand[Symbol.asyncDispose]();
  }
});
