import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';

/** Asks `question` and returns the password. Throws `cancelled` when the person gives up, `invalid` when there is no terminal. */
export type ReadPassword = (question: string) => Promise<string>;

export interface PasswordSources {
  /** `SOUNDLIFT_PASSWORD`. If it is set, no question is asked. */
  readonly given: string | undefined;
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Where the question is written: standard error, so that it does not mix with results. */
  readonly output: Writable;
}

/** Takes passwords from the environment, or reads them from the terminal without showing what is typed. */
export function passwordReader({ given, input, output }: PasswordSources): ReadPassword {
  return async (question) => {
    if (given !== undefined && given !== '') return given;
    if (!input.isTTY) {
      throw new AppError('invalid', 'There is no terminal to ask for the password. Set SOUNDLIFT_PASSWORD.');
    }
    return await askWithoutEcho(question, input, output);
  };
}

function askWithoutEcho(question: string, input: Readable, output: Writable): Promise<string> {
  // Without an output the interface shows nothing. As a terminal it stops the system from echoing what is typed.
  const lines = createInterface({ input, terminal: true, historySize: 0 });
  output.write(question);
  return new Promise((resolve, reject) => {
    function finish(): void {
      lines.off('close', giveUp);
      lines.close();
      output.write('\n');
    }
    function giveUp(): void {
      output.write('\n');
      reject(new AppError('cancelled', sayShared('failNothingChanged')));
    }
    lines.once('line', (password) => {
      finish();
      resolve(password);
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', giveUp);
  });
}
