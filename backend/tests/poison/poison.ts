import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertFile } from '../../converter/convert-file.ts';
import { convertLimits } from '../../converter/convert-limits.ts';
import { locateFfmpeg } from '../../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../../converter/ffmpeg/run-ffmpeg.ts';
import { startConverter } from '../../converter/handle-convert.ts';
import type { Parts } from '../../main/parts.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConversionRow } from '../../ports/conversion-store.ts';
import { type Conversions, createConversions } from '../all-sides.ts';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { processesWorkingIn } from '../running/processes.ts';
import { waitUntil } from '../running/wait-until.ts';

/** All but what only auth uses. */
export type PoisonParts = Omit<Parts, 'users' | 'sessions' | 'codes' | 'rateLimit' | 'signingSecret'>;

/** A complete set of services in this process, with a clock that the test moves, and an ffmpeg that waits to be killed. */
export interface PoisonStand extends AsyncDisposable {
  readonly parts: PoisonParts;
  readonly conversions: Conversions;
  pass(seconds: number): void;
  /** Uploads a short video, whose conversion waits in ffmpeg if it is `bad`. */
  upload(owner: string, bad?: boolean): Promise<string>;
  row(id: string): Promise<ConversionRow>;
  /** Starts a converter with two places. */
  startConverter(): Promise<AsyncDisposable>;
  /** Waits until ffmpeg works on the conversion, and kills it as a system does that is out of memory. */
  killFfmpeg(id: string): Promise<void>;
}

const seconds = 1;

export async function openPoisonStand(open: (workFolder: string) => Promise<PoisonParts>): Promise<PoisonStand> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-poison-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const media: MediaFolder = opened.use(await openMediaFolder());
  const [good, bad] = [
    await media.make({ container: 'mp4', seconds }),
    await media.make({ container: 'mkv', seconds, audio: [{ codec: 'flac' }] }),
  ];
  const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
  const path = join(folder, 'ffmpeg');
  // The folder of a conversion has its source, and the bad one is a Matroska file.
  const script = `#!/bin/sh
case " $* " in *' s16le '*) if head -c 4 source | od -An -tx1 | grep -q '1a 45 df a3'; then exec sleep 1000; fi ;; esac
exec ${binaries.ffmpeg} "$@"
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  const ffmpeg = await openFfmpeg({ ...binaries, ffmpeg: path });
  const parts = opened.use(await open(join(folder, 'work')));
  let passed = 0;
  const clock: Clock = {
    now: () => new Date(Date.now() + passed * 1000),
    monotonicSeconds: () => passed,
  };
  const conversions = createConversions({
    ...{ ...parts, store: parts.conversions, clock },
    retention: { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 },
  });
  opened.defer(() => conversions.close());
  const limits = convertLimits({ maxDurationSeconds: 3600 });

  async function row(id: string): Promise<ConversionRow> {
    const found = await parts.conversions.get(id);
    if (found === undefined) throw new Error(`there is no conversion ${id}`);
    return found;
  }

  const kept = opened.move();
  return {
    parts,
    conversions,
    row,
    pass(more) {
      passed += more;
    },
    async upload(owner, isBad = false) {
      const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
      const upload = await conversions.owned.receive(owner, intake, createReadStream(isBad ? bad : good));
      return (await upload.accept()).id;
    },
    async startConverter() {
      const consumer = await startConverter({
        ...{ ...parts, work: conversions.work, places: 2, whenFull: 'wait', room: async () => 1 },
        convert: (request) => convertFile({ ...request, ffmpeg, limits }),
      });
      return { [Symbol.asyncDispose]: () => consumer.stop() };
    },
    async killFfmpeg(id) {
      const { attempt } = await row(id);
      const work = join(parts.workFolder, `${id}-${attempt}`);
      const pid = await waitUntil(`ffmpeg works on attempt ${attempt}`, async () => {
        const processes = await processesWorkingIn(work);
        return processes.find(({ name }) => name === 'sleep')?.pid;
      });
      process.kill(pid, 'SIGKILL');
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What holds for conversions that end what works on them, over one set of parts. */
export function describePoison(name: string, stand: () => PoisonStand): void {
  describe(`a poisoned conversion, over ${name}`, () => {
    async function deadLettersOf(id: string) {
      const letters = await stand().parts.videoQueue.deadLetters();
      return letters.filter(({ conversionId }) => conversionId === id);
    }

    it('whose ffmpeg is killed is tried 3 times and then fails with a dead letter, while the others go on', async () => {
      const { upload, row, killFfmpeg, pass, parts, conversions } = stand();
      await using _ = await stand().startConverter();
      const id = await upload('anna', true);
      for (const attempt of [1, 2, 3]) {
        const other = await upload('berta');
        expect(await row(id)).toMatchObject({ attempt });
        await waitUntil('the other one is done', async () => (await row(other)).state === 'done');
        await killFfmpeg(id);
        await waitUntil('this attempt has ended', async () => {
          const { state, attempt: now } = await row(id);
          return state === 'failed' || now > attempt;
        });
        pass(20);
        await parts.videoQueue.publish({ conversionId: id });
      }
      const { state, error } = await row(id);
      expect([state, error?.code]).toEqual(['failed', 'converter_failed']);
      expect(error?.message).toMatch(/^The converter was killed, .+\.$/);
      await waitUntil('there is a dead letter', async () => (await deadLettersOf(id)).length > 0);
      expect(await deadLettersOf(id)).toMatchObject([{ cause: `ffmpeg died in each of 3 tries. ${error?.message}` }]);
      await conversions.owned.remove('anna', id);
      await parts.videoQueue.dropDeadLetters((await deadLettersOf(id)).map((letter) => letter.id));
      expect(await deadLettersOf(id)).toEqual([]);
    });

    it('with which 20 converters are lost fails with a dead letter, and restarts of everything do not count', async () => {
      const { upload, row, pass, conversions, parts } = stand();
      const { sweeper, work } = conversions;
      const id = await upload('anna', true);

      async function lose(): Promise<void> {
        const taken = await work.take();
        if (taken.kind !== 'work') throw new Error(`nothing was taken: ${taken.kind}`);
        expect(taken.work.row.id).toBe(id);
        await taken.work[Symbol.asyncDispose]();
      }

      for (let restart = 0; restart < 20; restart += 1) {
        await lose();
        await sweeper.recover();
      }
      expect(await row(id)).toMatchObject({ state: 'queued', attempt: 21, lostLeases: 0 });
      await sweeper.round();
      for (let lost = 1; lost <= 20; lost += 1) {
        await lose();
        for (let round = 0; round < 4; round += 1) {
          pass(5);
          await sweeper.round();
        }
        if (lost < 20) expect(await row(id)).toMatchObject({ state: 'queued', lostLeases: lost });
      }
      expect(await row(id)).toMatchObject({ state: 'failed', error: { code: 'converter_failed' } });
      await waitUntil('there is a dead letter', async () => (await deadLettersOf(id)).length > 0);
      expect((await deadLettersOf(id)).map(({ cause }) => cause)).toEqual([
        '20 converters were lost while they worked on it.',
      ]);
      await conversions.owned.remove('anna', id);
      await parts.videoQueue.dropDeadLetters((await deadLettersOf(id)).map((letter) => letter.id));
    });
  });
}

/** Opens the stand with hooks of vitest. Must be called at the top of a test file. */
export function setUpPoisonStand(open: (workFolder: string) => Promise<PoisonParts>): () => PoisonStand {
  let stand: PoisonStand;
  beforeAll(async () => {
    stand = await openPoisonStand(open);
  }, 120_000);
  afterAll(() => stand[Symbol.asyncDispose]());
  return () => stand;
}
