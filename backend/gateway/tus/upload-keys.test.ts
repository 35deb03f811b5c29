import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { setUpTestGateway } from '../../tests/gateway-for-each-test.ts';
import { openRaw } from '../../tests/raw-request.ts';
import type { TestAccount } from '../../tests/test-account.ts';

const stand = setUpTestGateway();

const uploads = '/api/v1/uploads';
const protocol = { 'Tus-Resumable': '1.0.0' };
const bytesType = { 'Content-Type': 'application/offset+octet-stream' };
const key = '2b0d9f4e-6a3c-4f51-9a56-6f5a3f0a1c77';
type Values = Readonly<Record<string, string>>;

function metadata(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

interface Creation {
  readonly values?: Values;
  readonly length?: number | 'deferred';
  readonly body?: string;
  readonly client?: TestAccount;
}

async function create({ values = {}, length = 6, body = '', client = stand.ada }: Creation = {}): Promise<Response> {
  const size = length === 'deferred' ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) };
  return await client.fetch(uploads, {
    method: 'POST',
    headers: {
      ...protocol,
      ...(body === '' ? {} : bytesType),
      ...size,
      'Upload-Metadata': metadata({ filename: 'talk.mp4', key, ...values }),
    },
    ...(body === '' ? {} : { body }),
  });
}

async function append(id: string, offset: number, body: string, more: Values = {}): Promise<number> {
  const headers = { ...protocol, ...bytesType, 'Upload-Offset': String(offset), ...more };
  return (await stand.ada.fetch(`${uploads}/${id}`, { method: 'PATCH', headers, body })).status;
}

const idOf = (answer: Response): string => answer.headers.get('X-Conversion-Id') ?? '';

/** What an answer says about its upload. */
function told(answer: Response) {
  const [location, offset] = ['Location', 'Upload-Offset'].map((name) => answer.headers.get(name));
  return { status: answer.status, id: idOf(answer), location, offset: Number(offset) };
}

async function expectProblem(answer: Response, status: number, code: string): Promise<void> {
  expect(answer.status).toBe(status);
  expect(problemSchema.parse(await answer.json())).toMatchObject({ status, code });
}

describe('a creation that is repeated with its key', () => {
  it('gives the same upload, with what it has by now', async () => {
    const first = await create();
    expect(first.status).toBe(201);
    const id = idOf(first);
    const location = `${uploads}/${id}`;
    expect(told(await create())).toEqual({ status: 201, id, location, offset: 0 });
    expect(await append(id, 0, 'abc')).toBe(204);
    expect(told(await create())).toEqual({ status: 201, id, location, offset: 3 });
    expect(await append(id, 3, 'def')).toBe(204);
    expect(told(await create())).toEqual({ status: 201, id, location, offset: 6 });
    expect((await stand.ada.conversions()).map((one) => [one.id, one.state])).toEqual([[id, 'queued']]);
  });

  it('gives the same upload to requests that arrive at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await stand.ada.conversions()).toHaveLength(1);
  });

  it('makes uploads of its own for another account and for another key', async () => {
    const id = idOf(await create());
    const bob = await stand.gateway.account();
    const ofBob = await create({ client: bob });
    const another = await create({ values: { key: key.replace('2', '3') } });
    expect([ofBob.status, another.status]).toEqual([201, 201]);
    expect(new Set([id, idOf(ofBob), idOf(another)]).size).toBe(3);
  });

  it('gives the same upload in whatever order and case the metadata comes', async () => {
    const values = { options: '{"format":"mp3"}', batchId: 'b', batchSize: '2' };
    const id = idOf(await create({ values }));
    const turned = { key: key.toUpperCase(), batchSize: '2', batchId: 'b', options: '{ "format": "mp3" }' };
    expect(idOf(await create({ values: turned }))).toBe(id);
  });

  it.each<[string, Creation]>([
    ['length', { length: 7 }],
    ['name', { values: { filename: 'other.mp4' } }],
    ['options', { values: { options: '{"format":"mp3","quality":5}' } }],
    ['batch', { values: { batchId: 'b' } }],
  ])('is refused with another %s, and changes nothing', async (_what, other) => {
    const id = idOf(await create());
    const refused = await create(other);
    await expectProblem(refused, 409, 'taken');
    expect(idOf(refused)).toBe(id);
    expect(await append(id, 0, 'abcdef')).toBe(204);
    await expectProblem(await create(other), 409, 'taken');
    expect(await stand.ada.conversions()).toHaveLength(1);
  });

  it('may defer the length again after the client has given it', async () => {
    const id = idOf(await create({ length: 'deferred' }));
    expect(idOf(await create({ length: 'deferred' }))).toBe(id);
    expect(await append(id, 0, 'abc', { 'Upload-Length': '6' })).toBe(204);
    expect(told(await create({ length: 'deferred' }))).toMatchObject({ status: 201, id, offset: 3 });
  });

  it('gives a finished conversion, even if it was retried with other options', async () => {
    const id = idOf(await create({ body: 'abcdef' }));
    await stand.ada.fetch(`/api/v1/conversions/${id}/cancel`, { method: 'POST' });
    const retried = await stand.ada.fetch(`/api/v1/conversions/${id}/retry`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"options":{"format":"mp3","quality":9}}',
    });
    expect(retried.status).toBe(200);
    expect(told(await create())).toMatchObject({ status: 201, id, offset: 6 });
  });

  it('is answered when the account may create no more uploads', async () => {
    const first = await create();
    let another = first;
    while (another.status === 201) another = await create({ values: { key: crypto.randomUUID() } });
    expect(another.status).toBe(429);
    expect(told(await create())).toEqual(told(first));
  });

  it('is gone once the upload was cancelled or removed, and stays so', async () => {
    const cancelled = idOf(await create());
    await stand.ada.fetch(`/api/v1/conversions/${cancelled}/cancel`, { method: 'POST' });
    await expectProblem(await create(), 410, 'gone');
    await stand.ada.fetch(`/api/v1/conversions/${cancelled}`, { method: 'DELETE' });
    await expectProblem(await create(), 410, 'gone');
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it('is gone once the upload has expired', async () => {
    await create();
    stand.gateway.test.pass(25 * 3600);
    await stand.gateway.test.conversions.sweeper.round();
    // It is removed once it has been due for an hour.
    stand.gateway.test.pass(3600);
    await stand.gateway.test.conversions.sweeper.round();
    await expectProblem(await create(), 410, 'gone');
  });
});

describe('a creation with the first bytes and a key', () => {
  it('stores them once', async () => {
    const id = idOf(await create({ body: 'abc' }));
    expect(told(await create({ body: 'abc' }))).toMatchObject({ status: 201, id, offset: 3 });
    expect(await append(id, 3, 'def')).toBe(204);
    expect(told(await create({ body: 'abc' }))).toMatchObject({ status: 201, id, offset: 6 });
    expect(String(await buffer(await stand.gateway.test.videos.open(id)))).toBe('abcdef');
  });

  it('keeps what arrived before it broke off', async () => {
    const connection = await openRaw(stand.gateway.url);
    const head = {
      Host: 'localhost',
      Authorization: `Bearer ${stand.ada.token}`,
      ...protocol,
      ...bytesType,
      'Upload-Length': '6',
      'Upload-Metadata': metadata({ filename: 'talk.mp4', key }),
      'Content-Length': '6',
    };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    await connection.send(`POST ${uploads} HTTP/1.1\r\n${lines.join('')}\r\nabc`);
    const { store } = stand.gateway.test;
    await expect.poll(async () => (await stand.ada.conversions()).length).toBe(1);
    const id = (await stand.ada.conversions())[0]?.id ?? '';
    await expect.poll(async () => (await store.get(id))?.upload?.writer).toBeTypeOf('string');
    connection.destroy();
    await expect.poll(async () => (await store.get(id))?.upload?.writer).toBeUndefined();
    const repeated = told(await create({ body: 'abcdef' }));
    expect(repeated).toMatchObject({ status: 201, id });
    expect(await append(id, repeated.offset, 'abcdef'.slice(repeated.offset))).toBe(204);
    expect(String(await buffer(await stand.gateway.test.videos.open(id)))).toBe('abcdef');
  });
});

it.each(['', 'not-a-uuid', `${key}0`, `{${key}}`])('a key that is not a UUID is refused: %j', async (wrong) => {
  await expectProblem(await create({ values: { key: wrong } }), 422, 'invalid');
  expect(await stand.ada.conversions()).toEqual([]);
});
