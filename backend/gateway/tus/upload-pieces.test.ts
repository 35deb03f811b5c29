import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { sendRaw } from '../../tests/raw-request.ts';
import { storedBlobs } from '../../tests/test-gateway.ts';
import { base64, expectProblem, type Headers, pathOf, setUpTusGateway } from '../../tests/tus-for-each-test.ts';

const { stand, begin, append, openAppend, head, offsetOf, stored } = setUpTusGateway();

/** Resolves when a request writes to the upload. */
async function untilWriting(id: string): Promise<void> {
  await expect.poll(async () => (await stand.gateway.test.store.get(id))?.upload?.writer).toBeTypeOf('string');
}

/** Counts the bytes of the next request that writes. They are counted once its writer waits for more. */
function countTaken(): () => number {
  const { videos } = stand.gateway.test;
  const { append: appendReal } = videos;
  let taken = 0;
  async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      yield chunk;
      taken += chunk.byteLength;
    }
  }
  vi.spyOn(videos, 'append').mockImplementationOnce((blobId, fence, offset, source, ...rest) =>
    appendReal(blobId, fence, offset, counted(source), ...rest),
  );
  return () => taken;
}

describe('a piece', () => {
  it.each([1, 2, 4, 100])(
    'at %d of an upload that ends at 3 is refused with 409, and changes nothing',
    async (offset) => {
      const id = await begin({ 'Upload-Length': '200' });
      await append(id, 0, 'abc');
      const answer = await append(id, offset, 'XYZ');
      expect(answer.headers.get('X-Conversion-Id')).toBe(id);
      await expectProblem(answer, 409, 'wrong_state');
      expect(await offsetOf(id)).toBe(3);
      expect((await append(id, 3, 'def')).status).toBe(204);
    },
  );

  it.each(['-1', 'three', '1.5', ''])('at %j is refused with 400', async (offset) => {
    const id = await begin({ 'Upload-Length': '200' });
    await expectProblem(await append(id, offset, 'abc'), 400, 'bad_request');
  });

  it.each(['text/plain', 'application/octet-stream', ''])('of the type %j is refused with 415', async (type) => {
    const id = await begin({ 'Upload-Length': '200' });
    const answer = await append(id, 0, new Uint8Array([1, 2, 3]), { 'Content-Type': type });
    expect(answer.headers.get('X-Conversion-Id')).toBe(id);
    await expectProblem(answer, 415, 'unsupported');
    expect(await offsetOf(id)).toBe(0);
  });

  it('that exceeds the length is refused with 413', async () => {
    const id = await begin({ 'Upload-Length': '5' });
    await expectProblem(await append(id, 0, 'videos'), 413, 'too_large');
    expect(await offsetOf(id)).toBe(0);
    const chunked = await sendRaw(
      stand.gateway.url,
      `PATCH ${pathOf(id)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${stand.ada.token}\r\nTus-Resumable: 1.0.0\r\n` +
        'Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n' +
        'Connection: close\r\n\r\n6\r\nvideos\r\n0\r\n\r\n',
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 .*"code":"too_large"/s);
    expect(await offsetOf(id)).toBe(0);
    expect(stand.gateway.test.videoQueue.take()).toEqual([]);
  });

  it('may be sent in chunks, without a Content-Length', async () => {
    const id = await begin({ 'Upload-Length': '5' });
    const answer = await sendRaw(
      stand.gateway.url,
      `PATCH ${pathOf(id)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${stand.ada.token}\r\nTus-Resumable: 1.0.0\r\n` +
        'Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n' +
        'Connection: close\r\n\r\n2\r\nvi\r\n3\r\ndeo\r\n0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 204 /);
    expect(await stored(id)).toBe('video');
  });

  it('that is interrupted is kept as far as it arrived', async () => {
    const id = await begin({ 'Upload-Length': '1000000' });
    const video = randomBytes(1_000_000);
    const taken = countTaken();
    const cut = await openAppend(id, 0, 1_000_000);
    await cut.send(video.subarray(0, 600_000));
    await expect.poll(taken).toBe(600_000);
    cut.destroy();
    await expect.poll(async () => (await stand.gateway.test.store.get(id))?.upload?.writer).toBeUndefined();
    expect(await offsetOf(id)).toBe(600_000);
    expect((await append(id, 600_000, new Uint8Array(video.subarray(600_000)))).status).toBe(204);
    expect((await buffer(await stand.gateway.test.videos.open(id))).equals(video)).toBe(true);
  });

  it('whose client stops sending is refused with 408, and kept as far as it arrived', async () => {
    await stand.start({ settings: { uploadIdleSeconds: 1 } });
    const id = await begin({ 'Upload-Length': '1000' });
    const silent = await openAppend(id, 0, 1000);
    await silent.send('video');
    await silent.until(/^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
    silent.destroy();
    expect(await offsetOf(id)).toBe(5);
  });

  it('is refused with 423 while another one is written, until that one has been idle for a while', async () => {
    const id = await begin({ 'Upload-Length': '1000' });
    const taken = countTaken();
    const first = await openAppend(id, 0, 1000);
    await first.send('video');
    await expect.poll(taken).toBe(5);
    await expectProblem(await append(id, 0, 'XYZ'), 423, 'locked');
    stand.gateway.test.pass(4);
    await expectProblem(await append(id, 0, 'XYZ'), 423, 'locked');
    stand.gateway.test.pass(2);
    // The first request has sent bytes, so the second must read the offset again.
    await expectProblem(await append(id, 0, 'XYZ'), 409, 'wrong_state');
    await first.until(/^HTTP\/1\.1 408 /);
    first.destroy();
    expect(await offsetOf(id)).toBe(5);
    expect((await append(id, 5, 'more')).status).toBe(204);
  });

  it('ends when its owner cancels the conversion, and the upload is removed', async () => {
    const id = await begin({ 'Upload-Length': '1000000' });
    const writing = await openAppend(id, 0, 1_000_000);
    await writing.send(Buffer.alloc(300_000));
    await untilWriting(id);
    expect((await stand.ada.fetch(`/api/v1/conversions/${id}/cancel`, { method: 'POST' })).status).toBe(200);
    await writing.until(/^HTTP\/1\.1 410 .*"code":"gone"/s);
    writing.destroy();
    expect((await head(id)).status).toBe(410);
    await expectProblem(await append(id, 0, 'video'), 410, 'gone');
    await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  });

  it('ends when the conversion is removed', async () => {
    const id = await begin({ 'Upload-Length': '1000000' });
    const writing = await openAppend(id, 0, 1_000_000);
    await writing.send(Buffer.alloc(300_000));
    await untilWriting(id);
    expect((await stand.ada.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' })).status).toBe(204);
    await writing.until(/^HTTP\/1\.1 404 /);
    writing.destroy();
    await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  });
});

describe('a piece with a checksum', () => {
  const digests: readonly [string, (text: string) => string][] = [
    ['sha1', (text) => createHash('sha1').update(text).digest('base64')],
    ['sha256', (text) => createHash('sha256').update(text).digest('base64')],
    [
      'crc32',
      (text) => {
        const digest = Buffer.alloc(4);
        digest.writeUInt32BE(crc32(text));
        return digest.toString('base64');
      },
    ],
  ];

  it.each(digests)('of %s is kept if the checksum is right, and dropped if it is wrong', async (algorithm, digest) => {
    const id = await begin({ 'Upload-Length': '11' });
    const sum = (text: string): Headers => ({ 'Upload-Checksum': `${algorithm} ${digest(text)}` });
    expect((await append(id, 0, 'hello ', sum('hello '))).status).toBe(204);
    const wrong = await append(id, 6, 'w0rld', sum('world'));
    expect(wrong.statusText).toBe('Checksum Mismatch');
    await expectProblem(wrong, 460, 'checksum_mismatch');
    expect(await offsetOf(id)).toBe(6);
    expect(await stand.ada.conversions()).toMatchObject([{ state: 'uploading' }]);
    expect((await append(id, 6, 'world', sum('world'))).status).toBe(204);
    expect(await stored(id)).toBe('hello world');
  });

  it.each(['md5 YWJj', 'sha1', 'sha1 !', ''])('of the form %j is refused with 400', async (sum) => {
    const id = await begin({ 'Upload-Length': '11' });
    await expectProblem(await append(id, 0, 'hello ', { 'Upload-Checksum': sum }), 400, 'bad_request');
    expect(await offsetOf(id)).toBe(0);
  });

  it('is dropped if it is interrupted', async () => {
    const id = await begin({ 'Upload-Length': '1000' });
    await append(id, 0, 'hello');
    const taken = countTaken();
    const cut = await openAppend(id, 5, 900, { 'Upload-Checksum': `sha1 ${base64('whatever it would be')}` });
    await cut.send('video');
    await expect.poll(taken).toBe(5);
    cut.destroy();
    await expect.poll(async () => (await stand.gateway.test.store.get(id))?.upload?.writer).toBeUndefined();
    expect(await offsetOf(id)).toBe(5);
    expect(await stand.gateway.test.videos.stat(id)).toMatchObject({ bytes: 5 });
  });
});
