import { AppError } from '../../../shared/errors.ts';

/** The result of `work`, or `unavailable` if it takes longer. The work is not stopped. */
export async function withinSeconds<Result>(seconds: number, work: Promise<Result>): Promise<Result> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(noAnswer(seconds)), seconds * 1000);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

export function noAnswer(seconds: number): AppError {
  return new AppError('unavailable', `RabbitMQ did not answer within ${seconds} seconds.`);
}
