import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { openServerStand, type ServerStand } from '../running/server-stand.ts';
import { settledOffset } from '../running/settled-offset.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { RunningClient, TusClient } from './tus-client.ts';

const fileBytes = 6_000_000;
/** Bytes for the heads of requests and anything else that a client sends. */
const spareBytes = 16_384;

/** What any client of the protocol can rely on, wherever it is interrupted. `open` prepares the client program. */
export function describeCutUploads(name: string, open: () => Promise<TusClient>): void {
  describe(`an upload with ${name}`, () => {
    let client: TusClient;
    let folder: string;
    let stand: ServerStand;
    /** A file that cannot be converted, so the stored bytes stay as they are. */
    let file: string;
    let state: string;
    let sha256: string;

    beforeAll(async () => {
      client = await open();
    }, 600_000);
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'soundlift-uploads-'));
      file = join(folder, 'noise.mp4');
      state = join(folder, 'state');
      const bytes = randomBytes(fileBytes);
      sha256 = createHash('sha256').update(bytes).digest('hex');
      await writeFile(file, bytes);
      stand = await openServerStand();
    });
    afterEach(async () => {
      await stand[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });
    function start(): RunningClient {
      const endpoint = `${stand.line.url}/api/v1/uploads`;
      return client({ endpoint, token: stand.account.token, file, state });
    }

    /** Starts an upload that is held after about this many bytes, until the line is released. */
    async function startHeld(bytes: number): Promise<RunningClient> {
      const held = stand.line.sentBytes + bytes;
      stand.line.hold(bytes);
      const running = start();
      await waitUntil('the upload has started', () => stand.line.sentBytes >= held);
      return running;
    }

    async function onlyConversion(): Promise<Conversion> {
      const [only, ...more] = await stand.account.conversions();
      expect(more).toEqual([]);
      if (only === undefined) throw new Error('no upload found');
      return only;
    }

    /** The number of stored bytes. Bytes that a killed client had given to the system still arrive, and only then does its connection end. */
    async function keptBytes(): Promise<number> {
      await waitUntil('the connections of the ended client have ended', () => !stand.line.isOpen);
      return await settledOffset(stand.account, (await onlyConversion()).id);
    }

    /** Runs further client processes until the upload is complete, and checks what was stored. */
    async function finish(): Promise<void> {
      for (let tries = 1; ; tries += 1) {
        const again = start();
        if ((await again.ended) === 0) break;
        if (tries === 10) throw new Error(`the upload does not finish: ${again.complaints()}`);
      }
      const { id, sourceBytes, fileName } = await onlyConversion();
      expect({ sourceBytes, fileName }).toEqual({ sourceBytes: fileBytes, fileName: 'noise.mp4' });
      const { state: end } = await stand.account.ended(id);
      expect(end).toBe('failed');
      const hash = createHash('sha256');
      await pipeline(createReadStream(join(stand.dataFolder, 'videos', id)), hash);
      expect(hash.digest('hex')).toBe(sha256);
    }

    /** Only bytes that were not acknowledged at the cut may be sent twice. */
    function expectLittleTwice(sentAtCut: number, keptAtCut: number): void {
      const unacknowledged = sentAtCut - keptAtCut;
      expect(stand.line.sentBytes - fileBytes).toBeLessThanOrEqual(unacknowledged + spareBytes);
    }

    it('arrives complete', async () => {
      await finish();
      expect(stand.line.sentBytes - fileBytes).toBeLessThan(spareBytes);
    });

    it.each([300_000, 3_000_000, 5_900_000])(
      'resumes in another process after a kill -9 at %d bytes',
      async (bytes) => {
        const first = await startHeld(bytes);
        first.kill();
        await first.ended;
        stand.line.release();
        const kept = await keptBytes();
        const sent = stand.line.sentBytes;
        await finish();
        expectLittleTwice(sent, kept);
      },
    );

    it('resumes after several resets of its connection', async () => {
      let [sentAtCuts, keptAtCuts] = [0, 0];
      for (const bytes of [1_500_000, 1_000_000, 1_500_000]) {
        const before = stand.line.sentBytes;
        const one = await startHeld(bytes);
        stand.line.cut();
        stand.line.release();
        expect(await one.ended).not.toBe(0);
        keptAtCuts += (await keptBytes()) - keptAtCuts;
        sentAtCuts += stand.line.sentBytes - before;
      }
      await finish();
      expectLittleTwice(sentAtCuts, keptAtCuts);
    });

    it('resumes after a kill -9 of the server', async () => {
      const first = await startHeld(3_000_000);
      await stand.server().kill();
      stand.line.release();
      expect(await first.ended).not.toBe(0);
      await stand.startAgain();
      const kept = await keptBytes();
      const sent = stand.line.sentBytes;
      await finish();
      expectLittleTwice(sent, kept);
    });

    it('sends nothing twice if the last answer was lost', async () => {
      const first = await startHeld(fileBytes - 500_000);
      stand.line.deaf = true;
      stand.line.release();
      await waitUntil('all has arrived', async () => (await onlyConversion()).state !== 'uploading');
      stand.line.cut();
      stand.line.deaf = false;
      expect(await first.ended).not.toBe(0);
      await finish();
      expect(stand.line.sentBytes - fileBytes).toBeLessThan(spareBytes);
    });
  });
}
