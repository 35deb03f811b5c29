import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { conversionSchema } from '../../shared/api.ts';

const boundary = 'the-benchmark-s-boundary';

/**
 * Uploads a file of any size as `curl -F file=@PATH` does. Not with `fetch` and a Blob of the file, as from `openAsBlob`: in
 * Node 24 that sends a file's size modulo 2^32 and then nothing. Returns the conversion's id.
 */
export async function uploadStream(url: string, token: string, path: string): Promise<string> {
  const call = request(`${url}/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
  });
  const answered = once(call, 'response');
  await pipeline(async function* () {
    yield `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${basename(path)}"\r\n`;
    yield 'Content-Type: application/octet-stream\r\n\r\n';
    yield* createReadStream(path, { highWaterMark: 1024 * 1024 });
    yield `\r\n--${boundary}--\r\n`;
  }, call);
  const [answer] = await answered;
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`the upload was answered with ${answer.statusCode}: ${said}`);
  return conversionSchema.parse(JSON.parse(said)).id;
}
