import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRaw } from '../tests/raw-request.ts';
import type { TestAccount } from '../tests/test-account.ts';
import { finishConversion, startTestGateway, type TestGateway } from '../tests/test-gateway.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const mp3 = randomBytes(2000);

let gateway: TestGateway;
let ada: TestAccount;
let id: string;
let path: string;
/** All streams that were opened for downloads. */
let streams: Readable[];

beforeEach(async () => {
  streams = [];
  gateway = await startTestGateway({
    conversions: (real) => ({
      ...real,
      async openResult(...asked) {
        const stream = await real.openResult(...asked);
        streams.push(stream);
        return stream;
      },
    }),
  });
  ada = await gateway.account();
  await makeResult(mp3, 'talk.mp3');
});
afterEach(() => gateway[Symbol.asyncDispose]());

async function makeResult(contents: Uint8Array, fileName: string): Promise<void> {
  id = (await ada.upload('video')).id;
  path = `/api/v1/conversions/${id}/file`;
  await finishConversion(gateway.test, id, contents, { fileName, sha256 });
}

async function get(headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  // Ask for identity: a compressed answer would hide its length.
  return await ada.fetch(path, { method, headers: { 'accept-encoding': 'identity', ...headers } });
}

async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

describe('a download', () => {
  it('is the whole MP3, with length, type and tag', async () => {
    for (const answer of [await get(), await ada.fetch(`/download?fid=${id}`)]) {
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'audio/mpeg',
        'content-length': '2000',
        'content-disposition': 'attachment; filename=talk.mp3',
        'accept-ranges': 'bytes',
        etag: `"${sha256}"`,
        'cache-control': 'private, no-cache',
      });
      expect((await bytesOf(answer)).equals(mp3)).toBe(true);
    }
  });

  it.each([
    ['été 😀.mp3', `attachment; filename="?t? ?.mp3"; filename*=UTF-8''%C3%A9t%C3%A9%20%F0%9F%98%80.mp3`],
    ['a"b\\c.mp3', 'attachment; filename="a\\"b\\\\c.mp3"'],
    ['100%41.mp3', `attachment; filename="100%41.mp3"; filename*=UTF-8''100%2541.mp3`],
  ])('is named %s', async (fileName, disposition) => {
    await makeResult(mp3, fileName);
    const answer = await get();
    // The fallback for old clients comes from the library. Only the full name matters.
    const [, extended] = /filename\*=(\S+)/.exec(disposition) ?? [];
    expect(answer.headers.get('content-disposition')).toContain(extended ?? disposition);
    await answer.arrayBuffer();
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=500-999', 500, 1000],
    ['bytes=1500-', 1500, 2000],
    ['bytes=-10', 1990, 2000],
    ['bytes=1990-5000', 1990, 2000],
  ])('of %s is that range', async (range, start, end) => {
    const answer = await get({ range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/2000`);
    expect(answer.headers.get('content-length')).toBe(String(end - start));
    expect((await bytesOf(answer)).equals(mp3.subarray(start, end))).toBe(true);
  });

  it.each(['bytes=2000-', 'bytes=-0', 'bytes=9999-10000'])(
    'of %s, beyond the end: 416 and the length',
    async (range) => {
      const answer = await get({ range });
      expect(answer.status).toBe(416);
      expect(answer.headers.get('content-range')).toBe('bytes */2000');
      expect(answer.headers.get('etag')).toBeNull();
      expect(await answer.json()).toMatchObject({ code: 'range_not_satisfiable' });
    },
  );

  it.each(['bytes=0-1,5-6', 'bytes=x', 'lines=1-2'])('of %s ignores the range, as a server may', async (range) => {
    const answer = await get({ range });
    expect([answer.status, (await bytesOf(answer)).byteLength]).toEqual([200, 2000]);
  });

  it('resumes only if the file is the same', async () => {
    const same = await get({ range: 'bytes=1000-', 'if-range': `"${sha256}"` });
    expect([same.status, (await bytesOf(same)).byteLength]).toEqual([206, 1000]);
    for (const other of ['"other"', `W/"${sha256}"`, 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      const changed = await get({ range: 'bytes=1000-', 'if-range': other });
      expect([changed.status, (await bytesOf(changed)).byteLength]).toEqual([200, 2000]);
    }
  });

  it('is refused with 412 if it is not the one that the client asks for', async () => {
    for (const wanted of ['"other"', `W/"${sha256}"`, '"other", "another"']) {
      const answers = [
        await get({ 'if-match': wanted }),
        await get({ 'if-match': wanted, range: 'bytes=0-9', 'if-none-match': `"${sha256}"` }),
        await ada.fetch(`/download?fid=${id}`, { headers: { 'if-match': wanted } }),
      ];
      for (const answer of answers) {
        expect([answer.status, await answer.json()]).toEqual([412, expect.objectContaining({ code: 'wrong_version' })]);
      }
      expect((await get({ 'if-match': wanted }, 'HEAD')).status).toBe(412);
    }
    for (const wanted of [`"${sha256}"`, '*', `"other", "${sha256}"`]) {
      expect((await get({ 'if-match': wanted, range: 'bytes=0-9' })).status).toBe(206);
    }
  });

  it('is not sent again to a client that already has it', async () => {
    const answer = await get({ 'if-none-match': `"other", "${sha256}"` });
    expect([answer.status, await answer.text()]).toEqual([304, '']);
    expect(answer.headers.get('etag')).toBe(`"${sha256}"`);
    expect(streams).toEqual([]);
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('answers HEAD with headers only, with or without a range', async () => {
    const answer = await get({ range: 'bytes=0-1' }, 'HEAD');
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '2000', '']);
    expect(streams).toEqual([]);
  });

  it('closes the file if its client disconnects', async () => {
    await makeResult(randomBytes(30_000_000), 'large.mp3');
    const connection = await openRaw(gateway.url);
    await connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ada.token}\r\n\r\n`);
    await connection.until(/^HTTP\/1\.1 200 /);
    expect(streams).toHaveLength(1);
    connection.destroy();
    await expect.poll(() => streams[0]?.closed).toBe(true);
    expect(gateway.logged.join('')).not.toContain('request failed');
  });

  it('answers with a problem if the file was removed', async () => {
    const blobs = [];
    for await (const blob of gateway.test.mp3s.list()) blobs.push(blob.id);
    for (const blob of blobs) await gateway.test.mp3s.remove(blob, 1);
    const answer = await get({ range: 'bytes=0-1' });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    for (const name of ['content-range', 'content-disposition', 'etag']) expect(answer.headers.get(name)).toBeNull();
    expect(await answer.json()).toMatchObject({ code: 'not_found' });
  });
});
