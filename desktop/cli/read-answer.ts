import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { TextOutput } from './live-progress.ts';

/** Asks for one line on the terminal. Throws `invalid` when there is no terminal, `cancelled` when the person gives up. */
export async function readAnswer(
  question: string,
  input: Readable & { readonly isTTY?: boolean },
  output: TextOutput,
): Promise<string> {
  if (!input.isTTY) {
    throw new AppError('invalid', 'There is no terminal to ask for the e-mail address. Set SOUNDLIFT_EMAIL.');
  }
  output.write(question);
  const lines = createInterface({ input });
  const closed = once(lines, 'close').then(() => undefined);
  const answer: unknown = await Promise.race([once(lines, 'line').then(([line]): unknown => line), closed]);
  lines.close();
  if (typeof answer === 'string') return answer.trim();
  throw new AppError('cancelled', sayShared('failNothingChanged'));
}
