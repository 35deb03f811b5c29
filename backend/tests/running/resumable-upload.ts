import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

const protocol = { 'tus-resumable': '1.0.0' };

/** The account and the server of an upload. */
export interface Uploader {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
}

/**
 * Creates a resumable upload and sends all of it in one request, at most `bytesPerSecond` if that is given. Returns the id of the
 * conversion.
 */
export async function sendResumable({ url, token }: Uploader, path: string, bytesPerSecond?: number): Promise<string> {
  const { size } = await stat(path);
  const authorization = `Bearer ${token}`;
  const filename = Buffer.from(basename(path)).toString('base64');
  const created = await fetch(`${url}/api/v1/uploads`, {
    method: 'POST',
    headers: { ...protocol, authorization, 'upload-length': String(size), 'upload-metadata': `filename ${filename}` },
  });
  const id = created.headers.get('x-conversion-id');
  if (created.status !== 201 || id === null) throw new Error(`no upload was created: ${created.status}`);
  const headers = {
    ...protocol,
    authorization,
    'content-type': 'application/offset+octet-stream',
    'upload-offset': '0',
  };
  await sendFile(request(`${url}/api/v1/uploads/${id}`, { method: 'PATCH', headers }), path, bytesPerSecond);
  return id;
}

/**
 * Sends a file of any size as the body of a request, using little memory. Throws on an answer other than 200 or 204.
 */
export async function sendFile(call: ClientRequest, path: string, bytesPerSecond?: number): Promise<void> {
  const { size } = await stat(path);
  call.setHeader('content-length', size);
  const answered: Promise<readonly IncomingMessage[]> = once(call, 'response');
  // If the connection breaks while the file is sent, that is thrown first.
  answered.catch(() => undefined);
  const file = createReadStream(path, { highWaterMark: bytesPerSecond === undefined ? 1024 * 1024 : 64 * 1024 });
  if (bytesPerSecond === undefined) await pipeline(file, call);
  else await pipeline(file, (source: AsyncIterable<Buffer>) => slowly(source, bytesPerSecond), call);
  const [answer] = await answered;
  if (answer === undefined) throw new Error('an upload was not answered');
  const said = await text(answer);
  if (answer.statusCode !== 200 && answer.statusCode !== 204) {
    throw new Error(`an upload was answered with ${answer.statusCode}: ${said}`);
  }
}

async function* slowly(source: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const began = performance.now();
  let sent = 0;
  for await (const chunk of source) {
    yield chunk;
    sent += chunk.byteLength;
    await delay(Math.max(0, (sent / bytesPerSecond) * 1000 - (performance.now() - began)));
  }
}
