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

/** How long a phase may take to come. Other faults may keep it away. */
const patience = { seconds: 25, everyMilliseconds: 5 };

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

  /** Kills one of these services once its line has swallowed the answer to `message`. */
  async function killAt(
    services: readonly ChaosService[],
    lineOf: (service: ChaosService) => BadLine,
    message: string,
    job: ChaosJob,
    isShown: () => Promise<boolean> = async () => true,
  ): Promise<void> {
    const before = services.map((service) => lineOf(service).deafened);
    for (const service of services) lineOf(service).deafTo = message;
    try {
      send(job, services.length === 1 ? services[0] : undefined);
      const caught = await waitUntil(
        'a service is in the phase',
        () => services.find((service, index) => lineOf(service).deafened > (before[index] ?? 0)),
        patience,
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
    appending: () => killAt(oneGateway(), mongoOf, messages.addChunks, newJob(true), evidence.isBeingWritten),
    finishing: () => killAt(oneGateway(), mongoOf, messages.publishBlob, newJob(false), evidence.videoIsWhole),
    'between row and ticket': () => killAt(oneGateway(), rabbitOf, messages.askForTickets, newJob(false)),
    'between MP3 and row': () =>
      killAt(cluster.named('converter'), mongoOf, messages.publishBlob, newJob(false), evidence.mp3IsWhole),

    async converting() {
      await cluster.ffmpeg.hold();
      try {
        send(newJob(true));
        const converter = await waitUntil('a converter runs ffmpeg', runningFfmpeg, patience);
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
        send(newJob(false));
        await waitUntil('a mail is handed over', () => held > 0, patience);
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
