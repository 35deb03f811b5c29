import type { AppError } from '../../shared/errors.ts';

/** What became of a job. */
export type JobOutcome =
  | { readonly kind: 'done' }
  /** To be handed out again, after at least this long. */
  | { readonly kind: 'retry'; readonly delaySeconds: number }
  /** Never to be handed out again: trying again cannot help. */
  | { readonly kind: 'unrecoverable'; readonly reason: AppError };

/** Does one job. `signal` fires when the consumer is stopped; a handler that throws has asked for a retry. */
export type JobHandler<Message> = (message: Message, signal: AbortSignal) => Promise<JobOutcome>;

/** How long a handler that threw is left alone. */
export const retryAfterThrowSeconds = 5;

export interface Consumer {
  /** Takes no more jobs, fires the signal of those that run, and resolves when they have settled. */
  stop(): Promise<void>;
}

/**
 * One queue of small messages. At-least-once: a message may come twice or late, and a message that is published twice may come
 * once; a job that was handed out to a consumer that died comes again to another, or is published again by the sweeper.
 */
export interface JobQueue<Message> {
  /** Resolves once the queue has taken it over. Throws `unavailable`. */
  publish(message: Message): Promise<void>;

  /** Hands out up to `concurrency` jobs at a time, oldest first. */
  consume(handler: JobHandler<Message>, options: { readonly concurrency: number }): Promise<Consumer>;

  /** Stops every consumer. */
  close(): Promise<void>;
}
