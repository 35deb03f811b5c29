import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';

/** Gives the password that `question` asks for. Throws `cancelled` when the person gives up, `invalid` when there is nobody to ask. */
export type ReadPassword = (question: string) => Promise<string>;

export interface PasswordSources {
  /** `SOUNDLIFT_PASSWORD`; whoever sets it is not asked. */
  readonly given: string | undefined;
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Where the question goes: not where the results do. */
  readonly output: Writable;
}

/** Reads passwords from the environment's word for it, or from the terminal, without showing what is typed. */
export function passwordReader({ given, input, output }: PasswordSources): ReadPassword {
  return async (question) => {
    if (given !== undefined && given !== '') return given;
    if (!input.isTTY) {
      throw new AppError('invalid', 'There is no terminal to ask for the password on; set SOUNDLIFT_PASSWORD.');
    }
    return await askWithoutEcho(question, input, output);
  };
}

function askWithoutEcho(question: string, input: Readable, output: Writable): Promise<string> {
  // An interface without output shows nothing of what it reads, and as a terminal it keeps the system from showing it.
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
      reject(new AppError('cancelled', 'Nothing was changed.'));
    }
    lines.once('line', (password) => {
      finish();
      resolve(password);
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', giveUp);
  });
}
