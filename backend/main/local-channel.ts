import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { maxPageItems } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { LocalChannel } from '../../shared/local-channel.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import type { OwnerSide } from '../conversions/conversions.ts';
import { stampOf } from '../conversions/file-stamp.ts';
import type { OwnedChanges } from '../conversions/owned-changes.ts';
import { localAccountId } from '../messages.ts';
import type { FileStamp } from '../ports/conversion-store.ts';

/** The private channel, for a program that runs the embedded backend in its own process. Acts as the account `local`. */
export function createLocalChannel({
  owned,
  changes,
  notifications,
}: Pick<OwnerSide, 'owned' | 'changes' | 'notifications'>): LocalChannel {
  return {
    async submit({ path, ...intake }) {
      const stamp = await readableFile(path);
      return await owned.submitFile(localAccountId, { path, bytes: stamp.bytes, stamp, ...intake });
    },
    get: (id) => owned.get(localAccountId, id),
    async result(id) {
      const { bytes, sha256 } = await owned.result(localAccountId, id);
      const file = await owned.resultFile(localAccountId, id);
      return { path: file.path, bytes, sha256 };
    },
    cancel: (id) => owned.cancel(localAccountId, id),
    retry: (id, options) => owned.retry(localAccountId, id, options),
    remove: (id) => owned.remove(localAccountId, id),
    clear: () => owned.clear(localAccountId),
    async notifications() {
      return (await notifications.page({ owner: localAccountId, limit: maxPageItems })).items;
    },
    markRead: (ids) => notifications.markRead(localAccountId, ids),
    subscribe: (listener) => followChanges(changes, listener),
  };
}

/** Like `follow`, but after a gap it delivers what was missed as events. */
function followChanges(changes: OwnedChanges, listener: (event: ServerEvent) => void): () => void {
  // Read now, so that after a gap it is known what has ended since.
  let at = changes.since(localAccountId).then(
    (told) => told.at,
    () => undefined,
  );

  async function catchUp(): Promise<void> {
    const missed = await changes.since(localAccountId, await at);
    at = Promise.resolve(missed.at);
    if (missed.removed.length > 0) listener({ type: 'removed', ids: missed.removed });
    for (const conversion of missed.conversions) listener({ type: 'conversion', conversion });
    for (const notification of missed.notifications) listener({ type: 'notification', notification });
  }

  // If this also fails, the client polls the conversions for which it receives no events.
  return changes.follow(localAccountId, listener, () => void catchUp().catch(() => undefined)).end;
}

/** The stamp of a file. Throws at once the errors that the converter would find only later. */
async function readableFile(path: string): Promise<FileStamp> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new AppError('not_media', sayShared('failFolder'));
    if (!facts.isFile()) throw new AppError('not_media', sayShared('failNotFile'));
    await access(path, constants.R_OK);
    return await stampOf(path);
  } catch (error) {
    throw isAppError(error) ? error : sourceError(error);
  }
}
