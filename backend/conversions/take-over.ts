import os from 'node:os';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ResumableUpload, ScannedRow } from '../ports/conversion-store.ts';
import { videoBlobId } from './blob-names.ts';
import { toConversionError } from './conversion-work.ts';
import type { Transition } from './life-cycle.ts';
import type { SweeperParts } from './sweeper.ts';
import { removeUnneeded } from './unneeded-blobs.ts';
import { uploadKeptSeconds } from './uploads/resumable-uploads.ts';

/** After this many lost converters, the conversion is assumed to be what kills them. See `watchConverters` for what counts. */
const maxLostLeases = 20;

/**
 * What is known of the holder that is gone: `lost` may be the conversion's fault, `uncounted` is not. With `alone`, no other process is
 * running, so nobody holds anything.
 */
type Loss = 'lost' | 'uncounted' | 'alone';

/**
 * Undoes a multipart upload, or queues a conversion again, if its holder is gone since the row was at `seen`. A conversion that has lost
 * too many converters fails.
 */
export function createTakeOver(
  parts: Pick<SweeperParts, 'rows' | 'videos' | 'publisher' | 'uploads' | 'clock' | 'skipped' | 'log'>,
): (seen: ScannedRow, loss: Loss) => Promise<void> {
  const { rows, videos, publisher, uploads, clock, skipped, log } = parts;

  function changeOf(row: ConversionRow, loss: Loss): Transition | undefined {
    if (row.upload?.writer !== undefined) {
      return { type: 'writer_lost', restarted: loss === 'alone' && isBeforeStart(row.upload, clock) };
    }
    if (row.state === 'uploading') return { type: 'abandoned' };
    if (row.state !== 'converting') return undefined;
    const counts = loss === 'lost';
    if (!counts || row.lostLeases + 1 < maxLostLeases) return { type: 'lost', counts };
    const error = new AppError('converter_failed', sayShared('failStoppedEachTime'));
    return { type: 'failed', error: toConversionError(error) };
  }

  async function announce(row: ConversionRow): Promise<void> {
    if (row.state === 'queued') await publisher.queued(row);
    else if (row.state === 'failed') {
      publisher.poisoned(row, `${maxLostLeases} converters were lost while they worked on it.`);
      await publisher.ended(row);
    } else if (row.state === 'uploading') await uploads.settle(row);
    else await removeUnneeded(videos, videoBlobId(row), row, skipped);
  }

  return async (seen, loss) => {
    // If nobody else is running, nobody can still acknowledge this upload. On a full disk, its bytes make the space for its row.
    if (loss === 'alone' && seen.state === 'uploading' && seen.upload === undefined) {
      await removeUnneeded(videos, videoBlobId(seen), seen, skipped);
    }
    const decided = await rows.decideIfThere(seen.id, (row) =>
      row.revision === seen.revision ? changeOf(row, loss) : undefined,
    );
    if (!decided?.changed) return;
    const { row } = decided;
    log.warn(
      { conversion: row.id, was: seen.state, attempt: row.attempt },
      'took over a conversion whose holder is gone',
    );
    await announce(row);
  };
}

/** Whether the writer of an upload began before this computer was started. */
function isBeforeStart({ expiresAt }: ResumableUpload, clock: Clock): boolean {
  const begunAt = Date.parse(expiresAt) - uploadKeptSeconds * 1000;
  return begunAt < clock.now().getTime() - os.uptime() * 1000;
}
