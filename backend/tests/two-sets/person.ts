import { createHash } from 'node:crypto';
import { AppError, type ErrorCode, isAppError } from '../../../shared/errors.ts';
import type { Checksum } from '../../conversions/uploads/upload-piece.ts';
import { chunkBytes, type PersonPlan, type PiecePlan, type SetIndex, type Wish } from './plans.ts';
import type { RunningSet } from './running-set.ts';

export interface PersonParts {
  /** Their account. */
  readonly name: string;
  readonly plan: PersonPlan;
  readonly sets: readonly [RunningSet, RunningSet];
  /** Lets others make a step. */
  readonly schedule: () => Promise<void>;
}

/** Somebody who sends one video, through both sets of services, over a bad line, and changes their mind. */
export interface Person {
  readonly name: string;
  readonly video: Uint8Array;
  /** The conversion, once the server has acknowledged it. */
  id(): string | undefined;
  /** Does all that the plan says, each request without waiting for the one before. */
  act(): Promise<void>;
  /** Sends what is missing of an upload that goes on, over a good line. */
  resume(): Promise<void>;
}

/** What a server may say to a request, and mean it. */
const refusals: readonly ErrorCode[] = [
  'locked',
  'wrong_state',
  'not_found',
  'gone',
  'cancelled',
  'checksum_mismatch',
  'request_timeout',
];
/** How a connection breaks off, as the server sees it. */
const brokenOff = new Error('the connection broke off');
const maxVideoBytes = 1_000_000;

export function createPerson({ name, plan, sets, schedule }: PersonParts): Person {
  const video = videoOf(name, plan.chunks);
  const intake = {
    fileName: `${name}.mp4`,
    options: { format: 'mp3' },
  } as const;
  const created = Promise.withResolvers<string | undefined>();
  const over = new AbortController();
  let id: string | undefined;
  /** So many bytes the server has acknowledged: it must never ask for them again. */
  let acknowledged = 0;

  function acknowledge(offset: number): void {
    acknowledged = Math.max(acknowledged, offset);
  }

  async function* chunks(set: SetIndex, from: number, to: number, fate: PiecePlan['fate']): AsyncGenerator<Uint8Array> {
    const { stepper, activity } = sets[set];
    const half = from + Math.ceil((to - from) / 2 / chunkBytes) * chunkBytes;
    for (let at = from; at < to; at += chunkBytes) {
      await activity.aside(stepper.step);
      if (at >= half && fate === 'cut') throw brokenOff;
      // The server gives up this connection once another request asks for its turn, or when everything ends.
      if (at >= half && fate === 'hang') await activity.aside(() => aborted(over.signal));
      const chunk = Buffer.from(video.subarray(at, Math.min(at + chunkBytes, to)));
      yield fate === 'noise' ? chunk.fill(0xff) : chunk;
    }
  }

  async function sendPiece({ set, after, chunks: count, fate }: PiecePlan): Promise<void> {
    const upload = await created.promise;
    if (upload === undefined) return;
    for (let steps = 0; steps < after; steps += 1) await schedule();
    const { uploads } = sets[set].conversions;
    const before = acknowledged;
    const { offset } = await uploads.status(name, upload);
    if (offset < before) throw new Error(`lost: ${before} bytes were acknowledged, now there are ${offset}`);
    const end = Math.min(offset + count * chunkBytes, video.byteLength);
    const checksum = fate === 'checked' || fate === 'noise' ? checksumOf(video.subarray(offset, end)) : undefined;
    const piece = {
      offset,
      maxVideoBytes,
      ...(checksum === undefined ? {} : { checksum }),
    };
    const status = await uploads.append(name, upload, piece, chunks(set, offset, end, fate));
    acknowledge(status.offset);
  }

  async function create(): Promise<void> {
    const { uploads, owned } = sets[plan.set].conversions;
    try {
      if (plan.way === 'resumable') {
        ({ id } = await uploads.create(name, {
          ...intake,
          videoBytes: video.byteLength,
        }));
      } else {
        const received = await owned.receive(name, intake, chunks(plan.set, 0, video.byteLength, 'plain'));
        await sets[plan.set].stepper.step();
        ({ id } = await received.accept());
      }
    } finally {
      created.resolve(id);
    }
  }

  async function want({ set, what }: Wish): Promise<void> {
    const conversion = await created.promise;
    if (conversion === undefined) return;
    await sets[set].stepper.step();
    await sets[set].conversions.owned[what](name, conversion);
  }

  return {
    name,
    video,
    id: () => id,
    async act() {
      const pieces = plan.way === 'resumable' ? plan.pieces.map(sendPiece) : [];
      const all = Promise.all([create(), ...pieces, ...plan.wishes.map(want)].map(allowRefusal));
      // A client that fell silent is not waited for: it hangs until everything ends.
      const isHanging = pieces.length > 0 && plan.pieces.some(({ fate }) => fate === 'hang');
      if (isHanging) setTimeout(() => over.abort(brokenOff), hangMilliseconds);
      await all;
    },
    async resume() {
      if (id === undefined || plan.way === 'form') return;
      await allowRefusal(
        sendPiece({
          set: 1,
          after: 0,
          chunks: plan.chunks,
          fate: 'plain',
        }).catch((error: unknown) => {
          // All of it has arrived.
          if (!isAppError(error, 'too_large')) throw error;
        }),
      );
    },
  };
}

/** How long a silent client stays connected. Other requests take their turns meanwhile. */
const hangMilliseconds = 20;

async function allowRefusal(request: Promise<void>): Promise<void> {
  await request.catch((error: unknown) => {
    // The parts can always be reached here, so this only means that bytes are gone.
    if (isAppError(error, 'unavailable')) throw new Error(`lost: ${error.message}`, { cause: error });
    if (error !== brokenOff && !isAppError(error, ...refusals)) throw error;
  });
}

/** Other bytes for each person, and in each chunk. */
function videoOf(name: string, chunks: number): Uint8Array {
  const parts = Array.from({ length: chunks }, (_, index) =>
    createHash('sha256').update(`${name} ${index}`).digest().subarray(0, chunkBytes),
  );
  return Buffer.concat(parts);
}

function checksumOf(bytes: Uint8Array): Checksum {
  const wanted = createHash('sha256').update(bytes).digest('hex');
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    matches: () => hash.digest('hex') === wanted,
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw signal.reason instanceof Error ? signal.reason : new AppError('cancelled', 'Everything ended.');
}
