import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { setUpTestGateway } from '../../tests/gateway-for-each-test.ts';
import { openRaw, type RawConnection, sendRaw } from '../../tests/raw-request.ts';
import { storedBlobs } from '../../tests/test-gateway.ts';

const stand = setUpTestGateway();

const uploads = '/api/v1/uploads';
const protocol = { 'Tus-Resumable': '1.0.0' };
const bytesType = { 'Content-Type': 'application/offset+octet-stream' };
type Headers = Readonly<Record<string, string>>;

function base64(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64');
}

/** Creates an upload. */
async function create(headers: Headers, body = ''): Promise<Response> {
  const type = body === '' ? {} : bytesType;
  return await stand.ada.fetch(uploads, {
    method: 'POST',
    headers: { ...protocol, ...type, ...headers },
    ...(body === '' ? {} : { body }),
  });
}

/** Creates an upload, which must succeed, and returns its id. */
async function begin(headers: Headers): Promise<string> {
  const answer = await create(headers);
  expect(answer.status).toBe(201);
  return answer.headers.get('X-Conversion-Id') ?? '';
}

function pathOf(id: string): string {
  return `${uploads}/${id}`;
}

async function append(
  id: string,
  offset: number | string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Headers = {},
): Promise<Response> {
  return await stand.ada.fetch(pathOf(id), {
    method: 'PATCH',
    headers: { ...protocol, ...bytesType, 'Upload-Offset': String(offset), ...headers },
    body,
  });
}

async function head(id: string, headers: Headers = protocol): Promise<Response> {
  return await stand.ada.fetch(pathOf(id), { method: 'HEAD', headers });
}

async function offsetOf(id: string): Promise<number> {
  return Number((await head(id)).headers.get('Upload-Offset') ?? Number.NaN);
}

async function stored(id: string): Promise<string> {
  return String(await buffer(await stand.gateway.test.videos.open(id)));
}

async function expectProblem(answer: Response, status: number, code: string): Promise<void> {
  expect(answer.status).toBe(status);
  expect(problemSchema.parse(await answer.json())).toMatchObject({ status, code });
  expect(answer.headers.get('Tus-Resumable')).toBe('1.0.0');
}

/** A PATCH of which only the beginning is sent at first. */
async function openAppend(id: string, offset: number, length: number, more: Headers = {}): Promise<RawConnection> {
  const headers = {
    Host: 'localhost',
    Authorization: `Bearer ${stand.ada.token}`,
    ...protocol,
    ...bytesType,
    'Upload-Offset': String(offset),
    'Content-Length': String(length),
    ...more,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = await openRaw(stand.gateway.url);
  await connection.send(`PATCH ${pathOf(id)} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return connection;
}

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

describe('the protocol', () => {
  it.each([uploads, pathOf('anything')])('is described to anyone at %s', async (path) => {
    const answer = await fetch(stand.gateway.url + path, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,creation-defer-length,termination,expiration,checksum',
      'tus-max-size': '1000000000',
      'tus-checksum-algorithm': 'sha1,sha256,crc32',
    });
  });

  it('accepts only version 1.0.0: 412 and no effect for another version or none', async () => {
    const id = await begin({ 'Upload-Length': '3' });
    for (const version of ['0.2.2', '1.0.1', '', undefined]) {
      const given: Headers = version === undefined ? {} : { 'Tus-Resumable': version };
      const requests: readonly [string, string, Headers][] = [
        [uploads, 'POST', { 'Upload-Length': '3' }],
        [pathOf(id), 'PATCH', { ...bytesType, 'Upload-Offset': '0' }],
        [pathOf(id), 'DELETE', {}],
      ];
      for (const [path, method, headers] of requests) {
        const answer = await stand.ada.fetch(path, { method, headers: { ...headers, ...given } });
        expect(answer.headers.get('Tus-Version')).toBe('1.0.0');
        await expectProblem(answer, 412, 'wrong_version');
      }
      expect((await head(id, given)).status).toBe(412);
    }
    expect(await stand.ada.conversions()).toMatchObject([{ id, state: 'uploading' }]);
  });

  it('names its version in refusals too', async () => {
    const answer = await fetch(stand.gateway.url + uploads, { method: 'POST', headers: protocol });
    expect([answer.status, answer.headers.get('Tus-Resumable')]).toEqual([401, '1.0.0']);
  });
});

describe('an upload', () => {
  it('starts empty, and the answer gives its address and when it expires', async () => {
    const metadata = `filename ${base64('ä talk.mp4')},options ${base64('{"format":"mp3","quality":4}')},batchId ${base64('b1')},batchSize ${base64('2')},empty`;
    const answer = await create({ 'Upload-Length': '11', 'Upload-Metadata': metadata });
    expect(answer.status).toBe(201);
    const id = answer.headers.get('X-Conversion-Id') ?? '';
    expect(answer.headers.get('Location')).toBe(pathOf(id));
    expect(answer.headers.get('Upload-Offset')).toBe('0');
    expect(answer.headers.get('Upload-Expires')).toBe(new Date(1_800_000_000_000 + 24 * 3_600_000).toUTCString());

    const asked = await head(id);
    expect(asked.status).toBe(200);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'cache-control': 'no-store',
      'upload-offset': '0',
      'upload-length': '11',
      'upload-metadata': metadata,
      'x-conversion-id': id,
      'upload-expires': new Date(1_800_000_000_000 + 24 * 3_600_000).toUTCString(),
    });
    expect(await stand.ada.conversions()).toMatchObject([
      {
        id,
        state: 'uploading',
        fileName: 'ä talk.mp4',
        sourceBytes: 11,
        batchId: 'b1',
        options: { format: 'mp3', quality: 4 },
      },
    ]);
    expect((await stand.gateway.test.store.get(id))?.batchSize).toBe(2);
  });

  it('arrives in parts and is queued after the last one', async () => {
    const id = await begin({ 'Upload-Length': '11' });
    const first = await append(id, 0, 'hello ');
    expect([first.status, first.headers.get('Upload-Offset'), first.headers.get('X-Conversion-Id')]).toEqual([
      204,
      '6',
      id,
    ]);
    expect(first.headers.get('Upload-Expires')).not.toBeNull();
    expect(await stand.ada.conversions()).toMatchObject([{ state: 'uploading', progress: 6 / 11 }]);
    const last = await append(id, 6, 'world');
    expect([last.status, last.headers.get('Upload-Offset')]).toEqual([204, '11']);
    expect(last.headers.get('Upload-Expires')).toBeNull();
    expect(await stored(id)).toBe('hello world');
    expect(await stand.ada.conversions()).toMatchObject([{ id, state: 'queued', sourceBytes: 11, progress: 0 }]);
    expect(stand.gateway.test.videoQueue.take()).toEqual([id]);
  });

  it('still answers after its end, for a client that missed the last answer', async () => {
    const id = await begin({ 'Upload-Length': '5' });
    await append(id, 0, 'video');
    expect(await offsetOf(id)).toBe(5);
    const again = await append(id, 5, '');
    expect([again.status, again.headers.get('Upload-Offset')]).toEqual([204, '5']);
    await expectProblem(await append(id, 0, 'video'), 409, 'wrong_state');
    await expectProblem(await append(id, 5, 'more'), 413, 'too_large');
    expect(stand.gateway.test.videoQueue.take()).toEqual([id]);
    expect(await stored(id)).toBe('video');
  });

  it('of no bytes is complete at once', async () => {
    const id = await begin({ 'Upload-Length': '0' });
    expect(await stand.ada.conversions()).toMatchObject([{ id, state: 'queued', sourceBytes: 0 }]);
    expect(stand.gateway.test.videoQueue.take()).toEqual([id]);
    expect((await head(id)).headers.get('Upload-Length')).toBe('0');
    expect(await stored(id)).toBe('');
  });

  it('can contain its first bytes, or all of them', async () => {
    const part = await create({ 'Upload-Length': '11' }, 'hello ');
    expect([part.status, part.headers.get('Upload-Offset')]).toEqual([201, '6']);
    const whole = await create({ 'Upload-Length': '5' }, 'video');
    expect([whole.status, whole.headers.get('Upload-Offset'), whole.headers.get('Upload-Expires')]).toEqual([
      201,
      '5',
      null,
    ]);
    expect(stand.gateway.test.videoQueue.take()).toEqual([whole.headers.get('X-Conversion-Id')]);
  });

  it('is removed if its first bytes are refused', async () => {
    const sum = { 'Upload-Checksum': `sha1 ${base64('no digest of this...')}` };
    await expectProblem(await create({ 'Upload-Length': '5', ...sum }, 'video'), 460, 'checksum_mismatch');
    await expectProblem(await create({ 'Upload-Length': '3' }, 'video'), 413, 'too_large');
    const wrongType = await create({ 'Upload-Length': '5', 'Content-Type': 'text/plain' }, 'video');
    await expectProblem(wrongType, 415, 'unsupported');
    const cut = await openRaw(stand.gateway.url);
    await cut.send(
      `POST ${uploads} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${stand.ada.token}\r\nTus-Resumable: 1.0.0\r\n` +
        'Content-Type: application/offset+octet-stream\r\nUpload-Length: 1000\r\nContent-Length: 1000\r\n\r\nvideo',
    );
    await expect.poll(() => stand.ada.conversions()).toHaveLength(1);
    cut.destroy();
    await expect.poll(() => stand.ada.conversions()).toEqual([]);
    await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  });

  it('can state its length later', async () => {
    const id = await begin({ 'Upload-Defer-Length': '1' });
    expect((await append(id, 0, 'hello ')).status).toBe(204);
    const asked = await head(id);
    expect([asked.headers.get('Upload-Defer-Length'), asked.headers.get('Upload-Length')]).toEqual(['1', null]);
    expect((await append(id, 6, 'wor', { 'Upload-Length': '11' })).status).toBe(204);
    const known = await head(id);
    expect([known.headers.get('Upload-Defer-Length'), known.headers.get('Upload-Length')]).toEqual([null, '11']);
    await expectProblem(await append(id, 9, 'ld', { 'Upload-Length': '12' }), 400, 'bad_request');
    expect((await append(id, 9, 'ld', { 'Upload-Length': '11' })).status).toBe(204);
    expect(await stored(id)).toBe('hello world');
  });

  it('can state its length last, in a request without bytes', async () => {
    const id = await begin({ 'Upload-Defer-Length': '1' });
    await append(id, 0, 'video');
    await expectProblem(await append(id, 5, '', { 'Upload-Length': '4' }), 400, 'bad_request');
    expect((await append(id, 5, '', { 'Upload-Length': '5' })).status).toBe(204);
    expect(stand.gateway.test.videoQueue.take()).toEqual([id]);
  });

  it('is removed with its bytes by a DELETE', async () => {
    const id = await begin({ 'Upload-Length': '11' });
    await append(id, 0, 'hello ');
    expect((await stand.ada.fetch(pathOf(id), { method: 'DELETE', headers: protocol })).status).toBe(204);
    expect((await head(id)).status).toBe(404);
    await expectProblem(await append(id, 6, 'world'), 404, 'not_found');
    expect(await stand.ada.conversions()).toEqual([]);
    expect(await storedBlobs(stand.gateway.test)).toEqual([]);
  });

  it.each(['PATCH', 'patch'])('accepts a POST that is meant as %s', async (method) => {
    const id = await begin({ 'Upload-Length': '5' });
    const meant = (override: string, more: Headers = {}, body?: string): Promise<Response> =>
      stand.ada.fetch(pathOf(id), {
        method: 'POST',
        headers: { ...protocol, 'X-HTTP-Method-Override': override, ...more },
        ...(body === undefined ? {} : { body }),
      });
    const part = await meant(method, { ...bytesType, 'Upload-Offset': '0' }, 'vid');
    expect([part.status, part.headers.get('Upload-Offset')]).toEqual([204, '3']);
    const asked = await meant('HEAD');
    expect([asked.status, asked.headers.get('Upload-Offset')]).toEqual([200, '3']);
    await expectProblem(await meant('HEAD', { 'Tus-Resumable': '2' }), 412, 'wrong_version');
    expect((await meant('DELETE')).status).toBe(204);
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it('refuses a POST without an override, or with another method', async () => {
    const id = await begin({ 'Upload-Length': '5' });
    for (const override of [undefined, 'PUT', 'GET', '']) {
      const more: Headers = override === undefined ? {} : { 'X-HTTP-Method-Override': override };
      const answer = await stand.ada.fetch(pathOf(id), { method: 'POST', headers: { ...protocol, ...more } });
      expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'OPTIONS, HEAD, PATCH, DELETE']);
    }
  });
});

describe('the metadata of an upload', () => {
  it.each<[string, Headers]>([
    ['no length', {}],
    ['a length and none', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }],
    ['a length that is deferred otherwise', { 'Upload-Defer-Length': '2' }],
    ['a length below zero', { 'Upload-Length': '-1' }],
    ['a length in words', { 'Upload-Length': 'five' }],
    ['a broken length', { 'Upload-Length': '1.5' }],
    ['a length that no number holds', { 'Upload-Length': '9'.repeat(30) }],
    ['a value that is no Base64', { 'Upload-Length': '5', 'Upload-Metadata': 'filename ä€'.replace('€', '!') }],
    ['a value of half a character', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YWJjZ' }],
    ['one name twice', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YQ==,filename YQ==' }],
    ['a comma too many', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YQ==,' }],
  ])('is refused with 400 if there is %s', async (_what, headers) => {
    await expectProblem(await create(headers), 400, 'bad_request');
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it.each([
    ['options', 'no JSON'],
    ['options', '{"format":"ogg"}'],
    ['options', '{"format":"mp3","quality":4,"bitrateKbps":128}'],
    ['options', '{"format":"mp3","__proto__":{}}'],
    ['batchId', 'x'.repeat(201)],
  ])('is refused with 422 if %s is %s', async (key, value) => {
    const answer = await create({ 'Upload-Length': '5', 'Upload-Metadata': `${key} ${base64(value)}` });
    await expectProblem(answer, 422, 'invalid');
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it.each(['0', '-1', '1.5', 'many'])('is refused with 422 for a batch of %s', async (size) => {
    const metadata = `batchId ${base64('b')},batchSize ${base64(size)}`;
    await expectProblem(await create({ 'Upload-Length': '5', 'Upload-Metadata': metadata }), 422, 'invalid');
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['a\0b.mp4', 'ab.mp4'],
    ['', 'video'],
  ])('with the file name %j keeps %j', async (given, kept) => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filename ${base64(given)}` });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: kept }]);
  });

  it('may have a file name in Latin-1, as programs that use btoa send it', async () => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filename ${btoa('Grüße.m4a')}` });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: 'Grüße.m4a' }]);
  });

  it('may have unknown keys, or be empty', async () => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filetype ${base64('video/mp4')},relativePath bnVsbA==` });
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': '' });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: 'video' }, { fileName: 'video' }]);
  });
});

describe('the address of uploads with a slash at its end', () => {
  it('creates an upload, whose own address has none', async () => {
    const answer = await stand.ada.fetch(`${uploads}/?x=1`, {
      method: 'POST',
      headers: { ...protocol, 'Upload-Length': '5' },
    });
    expect([answer.status, answer.headers.get('Tus-Resumable')]).toEqual([201, '1.0.0']);
    const location = answer.headers.get('Location') ?? '';
    expect(location).toBe(pathOf(answer.headers.get('X-Conversion-Id') ?? ''));
    expect((await stand.ada.fetch(location, { method: 'HEAD', headers: protocol })).status).toBe(200);
  });

  it('answers OPTIONS, and 405 to other methods, as without', async () => {
    for (const path of [uploads, `${uploads}/`]) {
      const options = await stand.ada.fetch(path, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('Tus-Version')]).toEqual([204, '1.0.0']);
      const got = await stand.ada.fetch(path, { headers: protocol });
      expect([got.status, got.headers.get('Allow')]).toEqual([405, 'OPTIONS, POST']);
    }
  });

  it('is the only address that may have one', async () => {
    const id = await begin({ 'Upload-Length': '5' });
    for (const path of [`${pathOf(id)}/`, `${uploads}//`, '/api/v1/conversions/', '/api/v1/server/']) {
      expect((await stand.ada.fetch(path, { headers: protocol })).status).toBe(404);
    }
  });
});

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

describe('the size and number of uploads', () => {
  it('is limited for one video: 413, even if its length comes later', async () => {
    await stand.start({ settings: { maxUploadBytes: 10 } });
    await expectProblem(await create({ 'Upload-Length': '11' }), 413, 'too_large');
    const id = await begin({ 'Upload-Defer-Length': '1' });
    await expectProblem(await append(id, 0, 'x'.repeat(11)), 413, 'too_large');
    await expectProblem(await append(id, 0, 'x', { 'Upload-Length': '11' }), 413, 'too_large');
    expect((await append(id, 0, 'x'.repeat(10), { 'Upload-Length': '10' })).status).toBe(204);
  });

  it('is limited for one account: 429 with a hundred unfinished uploads', async () => {
    for (let count = 0; count < 100; count += 1) await begin({ 'Upload-Length': '5' });
    const refused = await create({ 'Upload-Length': '5' });
    expect(refused.headers.get('Retry-After')).not.toBeNull();
    await expectProblem(refused, 429, 'too_many');
    const [one] = await stand.ada.conversions();
    await append(one?.id ?? '', 0, 'video');
    expect((await create({ 'Upload-Length': '5' })).status).toBe(201);
  });
});

it('an upload of another account is answered with 404, as if it did not exist', async () => {
  const id = await begin({ 'Upload-Length': '5' });
  const eve = await stand.gateway.account();
  for (const path of [pathOf(id), pathOf('nothing')]) {
    for (const method of ['HEAD', 'PATCH', 'DELETE']) {
      const headers = { ...protocol, ...bytesType, 'Upload-Offset': '0' };
      const answer = await eve.fetch(path, { method, headers });
      expect([answer.status, answer.headers.get('X-Conversion-Id')]).toEqual([404, null]);
    }
  }
  expect(await offsetOf(id)).toBe(0);
});

it('a video that was sent as a form is not an upload: 404', async () => {
  const { id } = await stand.ada.upload('video');
  expect((await head(id)).status).toBe(404);
  expect((await stand.ada.fetch(pathOf(id), { method: 'DELETE', headers: protocol })).status).toBe(404);
  expect(await stand.ada.conversions()).toMatchObject([{ id }]);
});
