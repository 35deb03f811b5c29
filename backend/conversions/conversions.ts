import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { type Batches, createBatches } from './batches.ts';
import type { Retention } from './conversion-view.ts';
import { type ConversionWork, createConversionWork } from './conversion-work.ts';
import { createLiveProgress } from './live-progress.ts';
import { createOutboxMails, type OutboxMails } from './outbox-mails.ts';
import { createOwnedChanges, type OwnedChanges } from './owned-changes.ts';
import { createOwnedConversions, type OwnedConversions } from './owned-conversions.ts';
import { createOwnedNotifications, type OwnedNotifications } from './owned-notifications.ts';
import { createPublisher } from './publisher.ts';
import { createRows, notFound, type OnTransition } from './rows.ts';
import { createSweeper, type Sweeper } from './sweeper.ts';
import { createResumableUploads, type ResumableUploads } from './uploads/resumable-uploads.ts';

/** The parts that all three sides need. */
interface SideParts {
  readonly store: ConversionStore;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retention: Retention;
  readonly skipped: ReportSkipped;
  readonly onTransition?: OnTransition;
}

interface QueueParts {
  readonly videoQueue: JobQueue;
  readonly mp3Queue: JobQueue;
}

export interface OwnerSideParts extends SideParts, QueueParts {
  readonly notifications: NotificationStore;
  readonly leases: LeaseStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
}

/** The operations on conversions for their owners, through the gateway or the private channel; and the sweeper. */
export interface OwnerSide {
  readonly owned: OwnedConversions;
  readonly uploads: ResumableUploads;
  readonly notifications: OwnedNotifications;
  readonly changes: OwnedChanges;
  readonly sweeper: Sweeper;
  close(): void;
}

export function createOwnerSide(parts: OwnerSideParts): OwnerSide {
  const rows = createRows(parts);
  const publisher = createPublisher(parts);
  const live = createLiveProgress(parts.events);
  const uploads = createResumableUploads({ ...parts, rows, publisher });
  return {
    uploads,
    owned: createOwnedConversions({ ...parts, rows, publisher, live }),
    notifications: createOwnedNotifications(parts),
    changes: createOwnedChanges({ ...parts, live }),
    sweeper: createSweeper({ ...parts, rows, publisher, uploads }),
    close() {
      live.close();
    },
  };
}

export interface ConverterSideParts extends SideParts, QueueParts {
  readonly videos: BlobStore;
}

/** The operations on conversions for converters. */
export function createConverterSide(parts: ConverterSideParts): ConversionWork {
  return createConversionWork({ ...parts, rows: createRows(parts), publisher: createPublisher(parts) });
}

/** The operations on conversions for the people who run the servers. */
export interface OperatorSide {
  /**
   * Queues a failed conversion again, whoever owns it, at its owner's next turn. Throws `not_found`, `wrong_state`, or `gone` when its
   * video is no longer kept.
   */
  retry(id: string): Promise<void>;
}

export function createOperatorSide(parts: Omit<SideParts, 'skipped'> & QueueParts): OperatorSide {
  const rows = createRows(parts);
  const publisher = createPublisher(parts);
  return {
    async retry(id) {
      const { row } = await rows.decide(id, ({ state, removedAt }) => {
        if (removedAt !== undefined) throw notFound();
        // The owner does not want a cancelled one.
        if (state !== 'failed') throw new AppError('wrong_state', `The conversion ${id} is ${state}.`);
        return { type: 'retried' };
      });
      await publisher.queued(row);
    },
  };
}

export interface NotifierSideParts extends SideParts {
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  /** Whether a mail is sent when a batch has ended. */
  readonly sendsMail: boolean;
}

/** The operations on conversions for notifiers. */
export interface NotifierSide {
  readonly batches: Batches;
  readonly mails: OutboxMails;
}

export function createNotifierSide(parts: NotifierSideParts): NotifierSide {
  return {
    batches: createBatches({ ...parts, rows: createRows(parts) }),
    mails: createOutboxMails({ ...parts, mails: parts.mailOutbox }),
  };
}
