import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import { problemSchema } from '../../shared/api.ts';
import { type GatewayForEachTest, setUpTestGateway } from './gateway-for-each-test.ts';
import { openRaw, type RawConnection } from './raw-request.ts';

export const uploads = '/api/v1/uploads';
export const protocol = { 'Tus-Resumable': '1.0.0' };
export const bytesType = { 'Content-Type': 'application/offset+octet-stream' };
export type Headers = Readonly<Record<string, string>>;

export function base64(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64');
}

export function pathOf(id: string): string {
  return `${uploads}/${id}`;
}

export async function expectProblem(answer: Response, status: number, code: string): Promise<void> {
  expect(answer.status).toBe(status);
  expect(problemSchema.parse(await answer.json())).toMatchObject({ status, code });
  expect(answer.headers.get('Tus-Resumable')).toBe('1.0.0');
}

/** A gateway for each test, and the requests of tus to it. */
export interface TusForEachTest {
  readonly stand: GatewayForEachTest;
  /** Creates an upload. */
  create(headers: Headers, body?: string): Promise<Response>;
  /** Creates an upload, which must succeed, and returns its id. */
  begin(headers: Headers): Promise<string>;
  append(
    id: string,
    offset: number | string,
    body: string | Uint8Array<ArrayBuffer>,
    headers?: Headers,
  ): Promise<Response>;
  /** A PATCH of which only the beginning is sent at first. */
  openAppend(id: string, offset: number, length: number, more?: Headers): Promise<RawConnection>;
  head(id: string, headers?: Headers): Promise<Response>;
  offsetOf(id: string): Promise<number>;
  /** The bytes that are stored. */
  stored(id: string): Promise<string>;
}

/** Sets it up with hooks of vitest. Must be called at the top of a test file. */
export function setUpTusGateway(): TusForEachTest {
  const stand = setUpTestGateway();

  async function create(headers: Headers, body = ''): Promise<Response> {
    const type = body === '' ? {} : bytesType;
    return await stand.ada.fetch(uploads, {
      method: 'POST',
      headers: { ...protocol, ...type, ...headers },
      ...(body === '' ? {} : { body }),
    });
  }

  async function head(id: string, headers: Headers = protocol): Promise<Response> {
    return await stand.ada.fetch(pathOf(id), { method: 'HEAD', headers });
  }

  return {
    stand,
    create,
    async begin(headers) {
      const answer = await create(headers);
      expect(answer.status).toBe(201);
      return answer.headers.get('X-Conversion-Id') ?? '';
    },
    async append(id, offset, body, headers = {}) {
      return await stand.ada.fetch(pathOf(id), {
        method: 'PATCH',
        headers: { ...protocol, ...bytesType, 'Upload-Offset': String(offset), ...headers },
        body,
      });
    },
    async openAppend(id, offset, length, more = {}) {
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
    },
    head,
    offsetOf: async (id) => Number((await head(id)).headers.get('Upload-Offset') ?? Number.NaN),
    stored: async (id) => String(await buffer(await stand.gateway.test.videos.open(id))),
  };
}
