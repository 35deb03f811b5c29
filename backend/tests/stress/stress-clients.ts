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
  /** One of the sources, which takes long to send. */
  readonly largest: string;
  readonly random: SeededRandom;
  readonly ledger: StressLedger;
  /** False while no server is running. */
  readonly serverIsUp: () => boolean;
}

/** Clients that keep a server busy, across its restarts. */
export interface StressClients {
  /** The number of uploads and downloads in progress. */
  uploads(): number;
  downloads(): number;
  /** Starts no more uploads. Resolves when the current ones have ended. */
  stopUploading(): Promise<void>;
  /** Stops all clients and waits for them. Throws the unexpected errors of the clients. */
  stop(): Promise<void>;
}

const uploaders = 3;
const downloaders = 2;
/** The most accepted uploads that may be waiting, so that everything ends soon after the last kill. */
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

  /** Repeats `work` while a server is running. A kill causes broken connections; any other error is unexpected. */
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
      // The list also contains conversions whose upload is not finished.
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
    // One client is always sending a large file.
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

/** Throws if a complete answer is not the MP3 that the conversion describes. */
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

/** fetch's messages for a connection that was refused or interrupted, before or during an answer. */
export function isBrokenConnection(error: unknown): boolean {
  return error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message);
}
