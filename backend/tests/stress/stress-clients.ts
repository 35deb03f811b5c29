import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Conversion } from '../../../shared/api.ts';
import type { ApiClient } from '../running/api-client.ts';
import type { SeededRandom } from './seeded-random.ts';
import { uploadStreamed } from './streamed-upload.ts';
import type { StressLedger } from './stress-ledger.ts';

export interface StressClientsParts {
  readonly client: ApiClient;
  readonly sources: readonly string[];
  /** One of them that takes long to send. */
  readonly largest: string;
  readonly random: SeededRandom;
  readonly ledger: StressLedger;
  /** False while there is no server to ask. */
  readonly serverIsUp: () => boolean;
}

/** Clients that keep a server busy, whatever happens to it. */
export interface StressClients {
  /** How many uploads and downloads are under way. */
  uploads(): number;
  downloads(): number;
  /** No more uploads; resolves once those under way have ended. */
  stopUploading(): Promise<void>;
  /** Resolves once none of them runs any more. Throws what one of them has not expected. */
  stop(): Promise<void>;
}

const uploaders = 3;
const downloaders = 2;
/** So many accepted ones may wait, so that there is an end after the last kill. */
const maxWaiting = 8;

export function startStressClients({
  client,
  sources,
  largest,
  random,
  ledger,
  serverIsUp,
}: StressClientsParts): StressClients {
  const stopped = { uploading: false, all: false };
  const count = { uploads: 0, downloads: 0, names: 0 };

  /** Does it again and again while a server is there. A broken connection is what kills look like; all else is not expected. */
  async function again(isStopped: () => boolean, pauseMilliseconds: number, work: () => Promise<void>): Promise<void> {
    while (!isStopped()) {
      await delay(pauseMilliseconds);
      if (!serverIsUp()) continue;
      await work().catch((error: unknown) => {
        if (!isBrokenConnection(error)) ledger.violate(String(error));
      });
    }
  }

  async function upload(isSlow: boolean): Promise<void> {
    if (ledger.acknowledged.size - ledger.done.size >= maxWaiting) return;
    const path = isSlow ? largest : random.pick(sources);
    count.names += 1;
    const fileName = `upload-${count.names}${extname(path)}`;
    count.uploads += 1;
    const fate = await uploadStreamed(client, { path, fileName, pauseMilliseconds: isSlow ? 25 : random.pick([0, 4]) });
    count.uploads -= 1;
    if (fate.kind === 'acknowledged') ledger.acknowledge(fate.conversion);
    else if (fate.kind === 'doubtful') ledger.doubt(fileName);
    else ledger.breakOff(fileName);
  }

  async function follow(): Promise<void> {
    for (const id of ledger.acknowledged) {
      if (!ledger.done.has(id)) ledger.see(withoutPeaks(await client.get(id)));
    }
  }

  async function look(): Promise<void> {
    for (const conversion of await client.conversions()) {
      // One that is being sent is in the list as well.
      if (conversion.state !== 'uploading') ledger.see(conversion);
    }
    ledger.seeNotifications(await client.notifications());
  }

  async function download(): Promise<void> {
    if (ledger.done.size === 0) return;
    const conversion = random.pick([...ledger.done.values()]);
    count.downloads += 1;
    try {
      await downloadAndCheck(client, conversion, random.pick([0, 0, 5]));
    } finally {
      count.downloads -= 1;
    }
  }

  const uploading = Array.from({ length: uploaders }, (_, index) =>
    // One of them is always in the middle of something large.
    again(
      () => stopped.uploading,
      10,
      () => upload(index === 0),
    ),
  );
  const others = [
    again(() => stopped.all, 40, follow),
    again(() => stopped.all, 300, look),
    ...Array.from({ length: downloaders }, () => again(() => stopped.all, 30, download)),
  ];
  return {
    uploads: () => count.uploads,
    downloads: () => count.downloads,
    async stopUploading() {
      stopped.uploading = true;
      await Promise.all(uploading);
    },
    async stop() {
      stopped.uploading = true;
      stopped.all = true;
      await Promise.all([...uploading, ...others]);
    },
  };
}

/** Throws when what comes is not the MP3 that the conversion says, though the server has said that it was all. */
export async function downloadAndCheck(
  client: ApiClient,
  { id, fileName, result }: Conversion,
  pauseMilliseconds = 0,
): Promise<void> {
  const answer = await client.fetch(`/download?fid=${id}`);
  if (answer.status !== 200 || answer.body === null) throw new Error(`${fileName}: answered with ${answer.status}`);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of answer.body) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    if (pauseMilliseconds > 0) await delay(pauseMilliseconds);
  }
  const got = { bytes, sha256: hash.digest('hex') };
  if (got.bytes !== result?.bytes || got.sha256 !== result.sha256) {
    throw new Error(`${fileName}: downloaded ${JSON.stringify(got)} instead of ${JSON.stringify(result)}`);
  }
}

export function withoutPeaks({ peaks: _peaks, ...conversion }: Conversion): Conversion {
  return conversion;
}

/** fetch's words for a connection that was refused or broke off, before or in the middle of an answer. */
export function isBrokenConnection(error: unknown): boolean {
  return error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message);
}
