import { describe, expect, it } from 'vitest';
import { openRaw } from '../../tests/raw-request.ts';
import { storedBlobs } from '../../tests/test-gateway.ts';
import {
  base64,
  bytesType,
  expectProblem,
  type Headers,
  pathOf,
  protocol,
  setUpTusGateway,
  uploads,
} from '../../tests/tus-for-each-test.ts';

const { stand, create, begin, append, head, offsetOf, stored } = setUpTusGateway();

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
