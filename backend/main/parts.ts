import type { Logger } from 'pino';
import type { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodeStore } from '../ports/code-store.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import type { UserStore } from '../ports/user-store.ts';

/**
 * The parts from which services are started: one adapter for each port. The embedded backend and the cluster differ only in how
 * their parts are made. Each service takes only the parts that it needs. Disposing of the parts closes them all.
 */
export interface Parts extends AsyncDisposable {
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  readonly leases: LeaseStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly rateLimit: RateLimit;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly videoQueue: JobQueue;
  readonly mp3Queue: JobQueue;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absolute path of the folder for a converter's running jobs. It is empty at the start. */
  readonly workFolder: string;
  /** How many bytes may be written into the work folder now. 0 or less: none. */
  workRoom(): Promise<number>;
  /**
   * True if no other process uses these parts. Then all work that seems to be in progress at the start was left by a dead
   * process.
   */
  readonly exclusive: boolean;
  /** Records what had to be skipped so that the rest could go on. */
  readonly skipped: ReportSkipped;
  /** What is known to be wrong with what the parts store, as an AppError `unavailable`; undefined as long as nothing is. */
  damage(): AppError | undefined;
  /** Fires if the parts cannot be used any more, so that this process must end. The reason is an AppError. */
  readonly broken: AbortSignal;
  /** The secret that signs tokens if the settings name none. Throws `invalid` if the settings must name one. */
  signingSecret(): Promise<string>;
}
