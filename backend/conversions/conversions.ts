import type { Logger } from 'pino';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import { type Batches, createBatches } from './batches.ts';
import type { Retention } from './conversion-view.ts';
import { type ConversionWork, createConversionWork } from './conversion-work.ts';
import { watchProgress } from './live-progress.ts';
import { createOutboxMails, type OutboxMails } from './outbox-mails.ts';
import { createOwnedChanges, type OwnedChanges } from './owned-changes.ts';
import { createOwnedConversions, type OwnedConversions } from './owned-conversions.ts';
import { createOwnedNotifications, type OwnedNotifications } from './owned-notifications.ts';
import { createPublisher } from './publisher.ts';
import { createRows } from './rows.ts';
import { createSweeper, type Sweeper } from './sweeper.ts';
import { createResumableUploads, type ResumableUploads } from './uploads/resumable-uploads.ts';

/** The ports that the life of a conversion needs. */
export interface ConversionsParts {
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly videoQueue: JobQueue;
  readonly mp3Queue: JobQueue;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retention: Retention;
  readonly mailOutbox: MailOutboxStore;
  /** Whether this account is to be mailed of what has ended; without, nobody is. */
  readonly wantsMail?: (owner: string) => Promise<boolean>;
}

/** The life of conversions, by who reaches for it: owners, converters, notifiers, and the sweeper. */
export interface Conversions {
  readonly owned: OwnedConversions;
  readonly uploads: ResumableUploads;
  readonly notifications: OwnedNotifications;
  readonly changes: OwnedChanges;
  readonly work: ConversionWork;
  readonly batches: Batches;
  readonly mails: OutboxMails;
  readonly sweeper: Sweeper;
  close(): void;
}

export function createConversions(parts: ConversionsParts): Conversions {
  const rows = createRows(parts);
  const publisher = createPublisher(parts);
  const live = watchProgress(parts.events);
  const changes = createOwnedChanges({ ...parts, live });
  const uploads = createResumableUploads({ ...parts, rows, publisher });
  return {
    uploads,
    owned: createOwnedConversions({ ...parts, rows, publisher, live }),
    notifications: createOwnedNotifications(parts),
    changes,
    work: createConversionWork({ ...parts, rows, publisher }),
    batches: createBatches({ ...parts, rows }),
    mails: createOutboxMails({ ...parts, mails: parts.mailOutbox }),
    sweeper: createSweeper({ ...parts, rows, publisher, uploads }),
    close() {
      changes.close();
      live.close();
    },
  };
}
