import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { sendResumable } from '../running/resumable-upload.ts';
import { makeLargeVideo } from './large-video.ts';
import { uploadStreamed } from './streamed-upload.ts';
import { downloadAndCheck } from './stress-clients.ts';

const downloads = 10;

export interface LargeVideoOptions {
  /** Of the server, without a trailing slash. */
  readonly url: string;
  /** An existing folder for the video. */
  readonly folder: string;
  /** The least size of the video. */
  readonly bytes: number;
  /** Called after each step, with what has been done. */
  readonly onStep: (after: string) => Promise<void>;
}

/** Uploads a large video to a server in both ways, has it converted, and downloads its MP3 many times in parallel. */
export async function passLargeVideo({ url, folder, bytes, onStep }: LargeVideoOptions): Promise<void> {
  const video = await makeLargeVideo(folder, bytes);
  const client = await makeAccount({ url: () => url, email: `${randomUUID()}@example.com` });
  await onStep('signed in');
  await client.cancel(await sendResumable({ url, token: client.token }, video.path));
  await onStep('uploaded, resumable');
  // Not as a Blob: a Blob of Node 24 ends early for a file of more than 4 GB.
  const fate = await uploadStreamed(client, { path: video.path, fileName: 'large.mp4', pauseMilliseconds: 0 });
  if (fate.kind !== 'acknowledged') throw new Error(`the upload was ${fate.kind}`);
  const { id, sourceBytes } = fate.conversion;
  if (sourceBytes !== video.bytes) throw new Error(`${sourceBytes} bytes were received instead of ${video.bytes}`);
  await rm(video.path);
  await onStep('uploaded as a form');
  const done = await client.ended(id, { seconds: Math.max(60, bytes / 1e6) });
  const seconds = done.result?.durationSeconds ?? 0;
  if (done.state !== 'done' || done.warnings.length > 0 || Math.abs(seconds - video.seconds) > 0.5) {
    throw new Error(`a video of ${video.seconds} s became ${JSON.stringify(done)}`);
  }
  await onStep('converted');
  const stalled = await Promise.all(Array.from({ length: downloads }, () => stallDownload(client, id)));
  await Promise.all(Array.from({ length: downloads }, () => downloadAndCheck(client, done)));
  for (const end of stalled) await end();
  await onStep(`downloaded ${downloads} times, with ${downloads} more that stood still`);
}

/** Requests the MP3 and reads none of it. Returns a function that ends this. */
async function stallDownload(client: ApiClient, id: string): Promise<() => Promise<void>> {
  const answer = await client.fetch(`/download?fid=${id}`);
  await delay(100);
  return async () => await answer.body?.cancel();
}
