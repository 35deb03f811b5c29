import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Conversion } from '../../shared/api.ts';
import { convertFile } from '../converter/convert-file.ts';
import { convertLimits } from '../converter/convert-limits.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { type Ffmpeg, openFfmpeg } from '../converter/ffmpeg/run-ffmpeg.ts';
import { createConvertHandler, type HandleConvertParts } from '../converter/handle-convert.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { FileStamp } from '../ports/conversion-store.ts';
import { type MediaFolder, openMediaFolder } from './media/make-media.ts';
import { makeTestConversions, type TestConversions } from './test-conversions.ts';

export type Convert = HandleConvertParts['convert'];

/** A converter over embedded stores, new for each test of a file. */
export interface ConverterForEachTest {
  /** The same for all tests. */
  readonly media: MediaFolder;
  readonly backend: TestConversions;
  readonly workFolder: string;
  /** The warnings so far. */
  readonly logged: readonly string[];
  /** Submits a file of this computer. */
  submit(path: string, stamp?: FileStamp): Promise<Conversion>;
  see(id: string): Promise<Conversion>;
  readonly reallyConvert: Convert;
  /** The parts of the converter. It converts really and has room. */
  parts(): HandleConvertParts;
  /**
   * Handles a ticket as a place does, with the parts in `how`. Returns the seconds after which the place wants to be woken, if any.
   */
  handle(how?: Partial<HandleConvertParts> & How): Promise<readonly number[]>;
  mp3Ids(): Promise<readonly string[]>;
}

interface How {
  readonly stopping?: AbortSignal;
  readonly mayGoOn?: () => boolean;
}

/** To whom all conversions belong. */
export const owner = 'somebody';

/** Sets it up with hooks of vitest. Must be called at the top of a test file. */
export function setUpTestConverter(): ConverterForEachTest {
  let media: MediaFolder;
  let ffmpeg: Ffmpeg;
  let backend: TestConversions;
  let workFolder: string;
  let logged: string[];

  beforeAll(async () => {
    media = await openMediaFolder();
    ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
  });
  afterAll(async () => {
    await media[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    logged = [];
    backend = await makeTestConversions();
    workFolder = await mkdtemp(join(tmpdir(), 'soundlift-handle-'));
  });
  afterEach(async () => {
    const left = await readdir(workFolder);
    await rm(workFolder, { recursive: true });
    await backend[Symbol.asyncDispose]();
    if (left.length > 0) throw new Error(`a job left ${left.join(', ')} in the work folder`);
  });

  const reallyConvert: Convert = (request) =>
    convertFile({ ...request, ffmpeg, limits: convertLimits({ maxDurationSeconds: 3600 }) });

  function parts(): HandleConvertParts {
    const { videos, mp3s, skipped, conversions } = backend;
    const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
    const room = async (): Promise<number> => 1;
    return {
      ...{ work: conversions.work, videos, mp3s, workFolder, convert: reallyConvert, whenFull: 'wait' },
      ...{ room, log, skipped },
    };
  }

  return {
    get media() {
      return media;
    },
    get backend() {
      return backend;
    },
    get workFolder() {
      return workFolder;
    },
    get logged() {
      return logged;
    },
    reallyConvert,
    parts,

    async submit(path, stamp) {
      const intake = { fileName: 'talk.mp4', options: { format: 'mp3' }, path, bytes: 1 } as const;
      return await backend.conversions.owned.submitFile(owner, {
        ...intake,
        ...(stamp === undefined ? {} : { stamp }),
      });
    },

    see: (id) => backend.conversions.owned.get(owner, id),

    async handle({ stopping, mayGoOn, ...how } = {}) {
      const later: number[] = [];
      const handler = createConvertHandler({ ...parts(), ...how }, (_, delaySeconds) => void later.push(delaySeconds));
      const signal = stopping ?? new AbortController().signal;
      await handler({ signal, mayGoOn: mayGoOn ?? (() => !signal.aborted) });
      return later;
    },

    mp3Ids: () => idsIn(backend.mp3s),
  };
}

export async function idsIn(blobs: BlobStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of blobs.list()) ids.push(id);
  return ids;
}

/** A converter that calls `meanwhile` while it still works, and then finishes. */
export function convertWhile(meanwhile: () => Promise<unknown>): Convert {
  return async (request) => {
    await meanwhile();
    const path = join(request.workFolder, 'sound.mp3');
    await writeFile(path, 'sound');
    return { path, bytes: 5, sha256: 'x', durationSeconds: 1, peaks: [], warnings: [] };
  };
}
