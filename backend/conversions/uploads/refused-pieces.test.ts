import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConversionRow } from '../../ports/conversion-store.ts';
import { makeTestConversions, type TestConversions } from '../../tests/test-conversions.ts';
import type { UploadPiece } from './upload-piece.ts';

const owner = 'ada';
const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
const maxVideoBytes = 1000;

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(() => test[Symbol.asyncDispose]());

async function* from(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const append = (id: string, piece: Partial<UploadPiece>, source: AsyncIterable<Uint8Array>) =>
  test.conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes, ...piece }, source);

/** An upload of which `abc` has arrived and whose length is not known. */
async function begin(): Promise<string> {
  const { id } = await test.conversions.uploads.create(owner, intake);
  await append(id, {}, from('abc'));
  return id;
}

async function rowOf(id: string): Promise<ConversionRow | undefined> {
  return await test.store.get(id);
}

/** What a refused piece must not change. */
async function factsOf(id: string) {
  const { state, sourceBytes, progress, upload } = (await rowOf(id)) ?? {};
  return { state, sourceBytes, progress, upload };
}

/** Lets a writer without bytes begin, which gives way to the next request. */
async function beginQuietWriter(id: string): Promise<{ readonly ended: Promise<unknown> }> {
  const begun = Promise.withResolvers<void>();
  async function* quiet(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(0);
    begun.resolve();
    await new Promise(() => undefined);
  }
  const ended = append(id, { offset: 3 }, quiet()).catch((error: unknown) => error);
  await begun.promise;
  test.pass(5);
  return { ended };
}

const wrong = { update: () => undefined, matches: () => false };
const refusals: readonly (readonly [string, Partial<UploadPiece>, string])[] = [
  ['a length below its end', { videoBytes: 2 }, 'bad_request'],
  ['a length above the largest one', { videoBytes: maxVideoBytes + 1 }, 'too_large'],
  ['a length above its end, at another offset', { videoBytes: 5, offset: 1 }, 'wrong_state'],
  ['fewer bytes in its length than in the piece', { videoBytes: 4, pieceBytes: 2 }, 'too_large'],
  ['a length and a wrong checksum', { videoBytes: 5, checksum: wrong }, 'checksum_mismatch'],
];

describe.each(refusals)('a piece with %s', (_what, piece, code) => {
  it.each([true, false])('changes nothing about an upload (it has no writer: %s)', async (isFree) => {
    const id = await begin();
    const before = await factsOf(id);
    test.pass(60);
    const other = isFree ? undefined : await beginQuietWriter(id);
    await expect(append(id, { offset: 3, ...piece }, from('de'))).rejects.toMatchObject({ code });
    expect(await other?.ended).toEqual(other && expect.objectContaining({ code: 'request_timeout' }));
    const { upload, ...after } = await factsOf(id);
    // The quiet writer was not refused, so it has kept the upload alive.
    const expiresAt = other === undefined ? before.upload?.expiresAt : upload?.expiresAt;
    expect({ ...after, upload }).toEqual({ ...before, upload: { ...before.upload, expiresAt } });
    expect(await append(id, { offset: 3, videoBytes: 5 }, from('de'))).toMatchObject({ offset: 5, videoBytes: 5 });
    expect(await rowOf(id)).toMatchObject({ state: 'queued', sourceBytes: 5 });
  });
});

it('a piece with more bytes than the length that comes with it leaves the length open', async () => {
  const id = await begin();
  const sent = append(id, { offset: 3, videoBytes: 5 }, from('de', 'fg'));
  await expect(sent).rejects.toMatchObject({ code: 'too_large' });
  expect(await factsOf(id)).toMatchObject({ state: 'uploading', sourceBytes: 0, progress: 0 });
  expect((await rowOf(id))?.upload).not.toHaveProperty('bytes');
  const { offset } = await test.conversions.uploads.status(owner, id);
  const rest = 'abcdefg'.slice(offset);
  expect(await append(id, { offset, videoBytes: 7 }, from(rest))).toMatchObject({ offset: 7, videoBytes: 7 });
  expect(await rowOf(id)).toMatchObject({ state: 'queued', sourceBytes: 7 });
});

it('a piece that is interrupted leaves the length that came with it, which clients do not send again', async () => {
  const id = await begin();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('d');
    throw new Error('the line broke');
  }
  await expect(append(id, { offset: 3, videoBytes: 5 }, broken())).rejects.toThrow('the line broke');
  expect(await append(id, { offset: 4 }, from('e'))).toMatchObject({ offset: 5, videoBytes: 5 });
  expect(await rowOf(id)).toMatchObject({ state: 'queued', sourceBytes: 5 });
});
