import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { setUpTestGateway } from '../tests/gateway-for-each-test.ts';
import { openRaw, sendRaw } from '../tests/raw-request.ts';
import { storedBlobs } from '../tests/test-gateway.ts';
import { boundary, type FormPart, filePart, formOf, postForm, uploadHead } from '../tests/upload-form.ts';

const stand = setUpTestGateway();

/** Expects no video and no conversion. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  await expect.poll(() => stand.ada.conversions()).toEqual([]);
  expect(stand.gateway.test.videoQueue.take()).toEqual([]);
}

const head = (more: string): string => uploadHead(stand.ada.token, more);

describe('a refused upload leaves nothing behind', () => {
  const otherFile: FormPart = { disposition: 'form-data; name="other"; filename="b.mp4"', contents: 'b' };

  it.each([
    ['without a file', formOf([])],
    ['with two files', formOf([filePart('a'), filePart('b')])],
    ['with two files, the second one large', formOf([filePart('a'), filePart('b'.repeat(3_000_000))])],
    ['with a file of another name', formOf([otherFile])],
    ['with a file of another name after the right one', formOf([filePart(), otherFile])],
    [
      'with text instead of the file',
      formOf([{ disposition: 'form-data; name="file"', contents: 'x', type: 'text/plain' }]),
    ],
    ['with a file without a name, as a browser sends if none was chosen', formOf([filePart('', '')])],
    ['that ends within the file', formOf([filePart('x'.repeat(100_000))]).subarray(0, 50_000)],
    ['that ends within the headers of its part', formOf([filePart()]).subarray(0, 40)],
    ['that lacks its closing boundary', formOf([filePart()], '')],
    [
      'with too many fields',
      formOf([filePart(), ...Array(50).fill({ disposition: 'form-data; name="a"', contents: '', type: 'text/plain' })]),
    ],
    ['with an empty body', Buffer.alloc(0)],
  ])('%s: 400', async (_name, form) => {
    const answer = await postForm(stand.ada, form);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'bad_request' });
    await expectNothingLeft();
  });

  it('with a part without headers that the parser cannot get past: 400, and not stuck', async () => {
    await stand.start({ settings: { uploadIdleSeconds: 0.5 } });
    const form = Buffer.from(`--${boundary}\r\n${'\r\n'.repeat(40_000)}video\r\n--${boundary}--\r\n`);
    expect((await postForm(stand.ada, form)).status).toBe(400);
    await expectNothingLeft();
  });

  it.each([
    ['a boundary that the body does not use', 'multipart/form-data; boundary=wrong'],
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['a boundary without a name', 'multipart/form-data; x'],
    ['another type', 'application/json'],
    ['another kind of form', 'application/x-www-form-urlencoded; boundary=x'],
  ])('that declares %s: 400', async (_name, type) => {
    const answer = await postForm(stand.ada, formOf([filePart()]), type);
    expect(answer.status).toBe(400);
    await expectNothingLeft();
  });

  it('with a second file after the first was stored: 400', async () => {
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head('Connection: close\r\nTransfer-Encoding: chunked\r\n'));
    const sendChunk = (chunk: Buffer) =>
      connection.send(Buffer.concat([Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    await sendChunk(formOf([filePart()], `--${boundary}\r\n`));
    const finished = async (): Promise<readonly boolean[]> => {
      const found = [];
      for await (const blob of stand.gateway.test.videos.list()) found.push(blob.finished);
      return found;
    };
    await expect.poll(finished).toEqual([true]);
    await sendChunk(formOf([filePart()]).subarray(boundary.length + 4));
    await connection.send('0\r\n\r\n');
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 400 /);
    await expectNothingLeft();
  });

  it('without any body: 400', async () => {
    expect((await stand.ada.fetch('/upload', { method: 'POST' })).status).toBe(400);
    await expectNothingLeft();
  });

  it('without a token: 401, before anything is stored', async () => {
    const answer = await fetch(`${stand.gateway.url}/upload`, {
      method: 'POST',
      body: new Uint8Array(formOf([filePart()])),
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expect(answer.status).toBe(401);
    await expectNothingLeft();
  });

  it('larger than the limit: 413 and the limit, even without a declared length', async () => {
    await stand.start({ settings: { maxUploadBytes: 100_000 } });
    const answer = await postForm(stand.ada, formOf([filePart('x'.repeat(100_001))]));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'too_large', details: { limitBytes: 100_000 } });
    await expectNothingLeft();

    const chunk = formOf([filePart('x'.repeat(100_001))]);
    const raw = await sendRaw(
      stand.gateway.url,
      Buffer.concat([
        Buffer.from(head('Connection: close\r\nTransfer-Encoding: chunked\r\n')),
        Buffer.from(`${chunk.byteLength.toString(16)}\r\n`),
        chunk,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
    );
    expect(raw).toMatch(/^HTTP\/1\.1 413 /);
    await expectNothingLeft();
  });

  it('with a declared length far above the limit: 413 at once, before the body is sent', async () => {
    const answer = await sendRaw(stand.gateway.url, head('Content-Length: 2200000000\r\nExpect: 100-continue\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    await expectNothingLeft();
  });

  it('whose client disconnects', async () => {
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head('Content-Length: 1000000\r\n'));
    await connection.send(formOf([filePart('x'.repeat(300_000))], '').subarray(0, -2));
    await expect.poll(() => storedBlobs(stand.gateway.test)).not.toEqual([]);
    connection.destroy();
    await expectNothingLeft();
  });

  it('whose client stops sending: 408', async () => {
    await stand.start({ settings: { uploadIdleSeconds: 0.2 } });
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head('Content-Length: 1000000\r\n'));
    await connection.send(formOf([filePart('x'.repeat(300_000))], '').subarray(0, -2));
    await connection.until(/^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
    connection.destroy();
    await expectNothingLeft();
  });

  it('with a full disk: 507, which the client sees while it is still sending', async () => {
    await stand.start({
      conversions: (real) => ({
        ...real,
        receive: (owner, intake, source, signal) => real.receive(owner, intake, fillsUp(source), signal),
      }),
    });
    async function* fillsUp(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      let bytes = 0;
      for await (const chunk of source) {
        bytes += chunk.byteLength;
        if (bytes > 500_000) throw new AppError('disk_full', 'The disk is full.');
        yield chunk;
      }
    }
    const connection = await openRaw(stand.gateway.url);
    const rest = 20;
    await connection.send(head(`Content-Length: ${rest * 1_000_000}\r\n`));
    await connection.send(formOf([filePart('')], '').subarray(0, -2));
    for (let sent = 0; sent < rest - 1; sent += 1) await connection.send(Buffer.alloc(1_000_000));
    connection.until(/"code":"disk_full"/).then(
      () => connection.destroy(),
      () => undefined,
    );
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 507 .*"code":"disk_full"/s);
    await expectNothingLeft();
  });

  it('that its owner cancels meanwhile: 409', async () => {
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head('Content-Length: 1000000\r\n'));
    await connection.send(formOf([filePart('x'.repeat(300_000))], '').subarray(0, -2));
    await expect.poll(() => stand.ada.conversions()).toMatchObject([{ state: 'uploading' }]);
    const [conversion] = await stand.ada.conversions();
    expect((await stand.ada.fetch(`/api/v1/conversions/${conversion?.id}/cancel`, { method: 'POST' })).status).toBe(
      200,
    );
    await connection.until(/^HTTP\/1\.1 409 .*"code":"cancelled"/s);
    connection.destroy();
    await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  });

  it('that is interrupted by a shutdown of the server', async () => {
    const connection = await openRaw(stand.gateway.url);
    await connection.send(head('Content-Length: 1000000\r\n'));
    await connection.send(formOf([filePart('x'.repeat(300_000))], '').subarray(0, -2));
    await expect.poll(() => storedBlobs(stand.gateway.test)).not.toEqual([]);
    await stand.gateway.close();
    await expect.poll(() => storedBlobs(stand.gateway.test)).toEqual([]);
  });
});
