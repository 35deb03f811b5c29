import { type EventBus, everyone } from '../ports/event-bus.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { lookEverySeconds, type MailOutbox } from './mail-outbox.ts';

/** How long a stop waits for mails in progress. A mail that is aborted after its last byte arrives twice. */
const graceSeconds = 3;

export interface RunningOutboxParts {
  readonly outbox: MailOutbox;
  readonly events: EventBus;
  readonly skipped: ReportSkipped;
}

export interface RunningOutbox {
  /** Stops looking, and waits a few seconds for mails in progress. */
  stop(): Promise<void>;
}

/** Runs the outbox: it looks for due mails every `lookEverySeconds`, and at once when an event says that one is due. */
export function runOutbox({ outbox, events, skipped }: RunningOutboxParts): RunningOutbox {
  let looking: Promise<void> | undefined;
  let again = false;

  async function lookAll(): Promise<void> {
    do {
      again = false;
      await outbox.look().catch((cause: unknown) => {
        skipped({ kind: 'round', id: 'outbox', what: 'a check of the outbox failed', cause });
      });
    } while (again);
    looking = undefined;
  }
  function look(): void {
    again = true;
    looking ??= lookAll();
  }

  const timer = setInterval(look, lookEverySeconds * 1000).unref();
  const subscription = events.subscribeInternal({ owner: everyone, kinds: ['mail_due'] }, look, look);
  look();

  return {
    async stop() {
      clearInterval(timer);
      subscription.end();
      await outbox.stop(graceSeconds);
      await looking;
    },
  };
}
