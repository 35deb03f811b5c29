import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Conversion, conversionSchema } from '../../../shared/api.ts';
import type { ApiClient } from '../running/api-client.ts';

/** What a client knows about its upload. */
export type UploadFate =
  | { readonly kind: 'acknowledged'; readonly conversion: Conversion }
  /** Everything was sent, and no answer came: it may have been accepted. */
  | { readonly kind: 'doubtful' }
  /** The connection broke before the end was sent: it cannot have been accepted. */
  | { readonly kind: 'broken' };

export interface StreamedUpload {
  readonly path: string;
  readonly fileName: string;
  readonly pauseMilliseconds: number;
}

const chunkBytes = 64 * 1024;

/** Uploads slowly, with a pause after each 64 KiB. Throws on an answer other than 200. */
export async function uploadStreamed(client: ApiClient, upload: StreamedUpload): Promise<UploadFate> {
  let ended = false;
  async function* form(): AsyncGenerator<Uint8Array> {
    const disposition = `form-data; name="file"; filename="${upload.fileName}"`;
    yield Buffer.from(`--edge\r\nContent-Disposition: ${disposition}\r\n\r\n`);
    for await (const chunk of createReadStream(upload.path, { highWaterMark: chunkBytes })) {
      yield chunk;
      if (upload.pauseMilliseconds > 0) await delay(upload.pauseMilliseconds);
    }
    ended = true;
    yield Buffer.from('\r\n--edge--\r\n');
  }
  const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
  let status: number;
  let text: string;
  try {
    const answer = await client.fetch('/upload', { method: 'POST', headers, body: form(), duplex: 'half' });
    [status, text] = [answer.status, await answer.text()];
  } catch {
    // fetch only reports a network failure, which is what a kill looks like to the client.
    return { kind: ended ? 'doubtful' : 'broken' };
  }
  if (status !== 200) throw new Error(`an upload was answered with ${status}: ${text}`);
  return { kind: 'acknowledged', conversion: conversionSchema.parse(JSON.parse(text)) };
}
