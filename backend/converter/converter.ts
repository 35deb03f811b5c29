import type { ConversionMessage } from '../messages.ts';
import type { Consumer, JobQueue } from '../ports/job-queue.ts';
import { createConvertHandler, type HandleConvertParts } from './handle-convert.ts';

export interface ConverterParts extends HandleConvertParts {
  readonly videoQueue: JobQueue<ConversionMessage>;
  /** How many conversions run at once. */
  readonly concurrency: number;
}

/** The conversion service: takes what is queued, and makes MP3s of it. */
export async function startConverter({ videoQueue, concurrency, ...parts }: ConverterParts): Promise<Consumer> {
  return await videoQueue.consume(createConvertHandler(parts), { concurrency });
}
