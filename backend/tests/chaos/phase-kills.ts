import type { MongoClient } from 'mongodb';
import type { BlobState } from '../../adapters/cluster/gridfs-documents.ts';
import { mp3BlobId, videoBlobId } from '../../conversions/blob-names.ts';
import type { ConversionRow } from '../../ports/conversion-store.ts';
import type { BadLine } from '../running/bad-line.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { SeededRandom } from '../stress/seeded-random.ts';
import type { ChaosCluster, ChaosService } from './chaos-cluster.ts';
import { type ChaosJob, type ChaosSource, makeJob, persons } from './chaos-workload.ts';

/** What a service is in the middle of when it is killed. */
export const phases = [
  'appending',
  'finishing',
  'between row and ticket',
  'converting',
  'between MP3 and row',
  'mailing',
] as const;
export type Phase = (typeof phases)[number];

export interface PhaseKillsParts {
  readonly cluster: ChaosCluster;
  readonly mongo: MongoClient;
  readonly random: SeededRandom;
  readonly sources: readonly ChaosSource[];
  /** Sends one more video, first to this gateway. Does not wait for it. */
  readonly send: (job: ChaosJob, gateway?: ChaosService) => void;
}

/** How long a phase may take to come after a video was sent, and how many videos are sent for it. */
const patience = { seconds: 6, everyMilliseconds: 5 };
const mostVideos = 4;

/** The beginnings of messages as MongoDB and RabbitMQ have them: commands in BSON, and the method frames of AMQP. */
const messages = {
  addChunks: '\u0002insert\0\u000a\0\0\0fs.chunks\0',
  publishBlob: '\u0002insert\0\u0009\0\0\0fs.files\0',
  /** What a publisher asks before each ticket: a passive declaration of a durable queue. */
  askForTickets: '\0\u0032\0\u000a\0\0\u0005video\u0003',
} as const;

/**
 * Kills a service while it waits for the answer that ends a phase, which the line to its server swallows. So the phase is never missed.
 * Throws if the phase did not come, or if the stores do not show it afterwards. Each of them sends a video of its own.
 */
export function createPhaseKills(parts: PhaseKillsParts): (phase: Phase) => Promise<void> {
  const { cluster, mongo, random, sources, send } = parts;
  const sourcesOf = (large: boolean): readonly ChaosSource[] =>
    sources.filter((source) => source.end === 'done' && source.large === large);
  const newJob = (large: boolean): ChaosJob =>
    makeJob(Math.floor(random.between(0, persons)), random.pick(sourcesOf(large)));

  async function rowsIn(state: ConversionRow['state']): Promise<readonly ConversionRow[]> {
    const rows = mongo.db('soundlift').collection<{ readonly row: ConversionRow }>('conversions');
    return (await rows.find({ 'row.state': state }).toArray()).map(({ row }) => row);
  }
  async function finishedIn(database: string): Promise<readonly string[]> {
    const blobs = mongo.db(database).collection<BlobState>('fs.blobs');
    return (await blobs.find({ status: 'finished' }).toArray()).map(({ _id }) => _id);
  }

  /** What the stores show after the kill. */
  const evidence = {
    isBeingWritten: async () => (await rowsIn('uploading')).some(({ upload }) => upload?.writer !== undefined),
    videoIsWhole: async () => {
      const [blobs, rows] = [await finishedIn('videos'), await rowsIn('uploading')];
      return rows.some((row) => blobs.includes(videoBlobId(row)));
    },
    mp3IsWhole: async () => {
      const [blobs, rows] = [await finishedIn('mp3s'), await rowsIn('converting')];
      return rows.some((row) => blobs.includes(mp3BlobId(row)));
    },
  };

  /**
   * Sends videos, first to the gateway among these services, until `look` finds something. Another fault may let one pass: without a
   * broker, for example, an upload brings no ticket.
   */
  async function comes<Found>(
    what: string,
    large: boolean,
    services: readonly ChaosService[],
    look: () => Promise<Found | undefined | false> | Found | undefined | false,
  ): Promise<Found> {
    const gateway = services.find(({ name }) => name === 'gateway');
    for (let times = 1; ; times += 1) {
      send(newJob(large), gateway);
      try {
        return await waitUntil(what, look, patience);
      } catch (error) {
        if (times === mostVideos) throw error;
      }
    }
  }

  /** Kills one of these services once its line has swallowed the answer to `message`. */
  async function killAt(
    services: readonly ChaosService[],
    lineOf: (service: ChaosService) => BadLine,
    message: string,
    large: boolean,
    isShown: () => Promise<boolean> = async () => true,
  ): Promise<void> {
    const before = services.map((service) => lineOf(service).deafened);
    for (const service of services) lineOf(service).deafTo = message;
    try {
      const caught = await comes('a service is in the phase', large, services, () =>
        services.find((service, index) => lineOf(service).deafened > (before[index] ?? 0)),
      );
      if (!(await caught.kill())) throw new Error('the service had ended');
      if (!(await isShown())) throw new Error('the stores do not show that the service was in the phase');
    } finally {
      for (const service of services) {
        lineOf(service).deafTo = undefined;
        // Others may wait for what was swallowed.
        lineOf(service).cut();
      }
    }
  }

  const oneGateway = (): readonly ChaosService[] => [random.pick(cluster.named('gateway'))];
  const mongoOf = ({ lines }: ChaosService): BadLine => lines.mongo;
  const rabbitOf = ({ lines }: ChaosService): BadLine => lines.rabbit;

  const kills: Readonly<Record<Phase, () => Promise<void>>> = {
    appending: () => killAt(oneGateway(), mongoOf, messages.addChunks, true, evidence.isBeingWritten),
    finishing: () => killAt(oneGateway(), mongoOf, messages.publishBlob, false, evidence.videoIsWhole),
    'between row and ticket': () => killAt(oneGateway(), rabbitOf, messages.askForTickets, false),
    'between MP3 and row': () =>
      killAt(cluster.named('converter'), mongoOf, messages.publishBlob, false, evidence.mp3IsWhole),

    async converting() {
      await cluster.ffmpeg.hold();
      try {
        const converter = await comes('a converter runs ffmpeg', true, [], runningFfmpeg);
        if (!(await converter.kill())) throw new Error('the converter had ended');
      } finally {
        await cluster.ffmpeg.release();
      }
    },

    async mailing() {
      const { conduct } = cluster.mailServer;
      const holding = Promise.withResolvers<void>();
      let held = 0;
      conduct.beforeTaking = async () => {
        held += 1;
        await holding.promise;
      };
      try {
        await comes('a mail is handed over', false, [], () => held > 0);
        const [notifier] = cluster.named('notifier');
        if (!(await notifier?.kill())) throw new Error('the notifier had ended');
      } finally {
        delete conduct.beforeTaking;
        holding.resolve();
      }
    },
  };

  async function runningFfmpeg(): Promise<ChaosService | undefined> {
    for (const converter of cluster.named('converter')) {
      const workers = await converter.workers();
      if (workers.some(({ name }) => name === 'ffmpeg') && converter.upSince() !== Infinity) return converter;
    }
    return undefined;
  }

  return (phase) => kills[phase]();
}
