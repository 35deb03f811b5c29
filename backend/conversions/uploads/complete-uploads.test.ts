import { expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../../shared/errors.ts';
import type { ConversionRow, ScannedRow } from '../../ports/conversion-store.ts';
import { createCompleteUploads } from './complete-uploads.ts';

const row = { id: 'a', revision: 1 } as ConversionRow;

/** Looks at an upload that fails with this code when it is settled. */
async function look(code: ErrorCode): Promise<void> {
  const uploads = createCompleteUploads({
    store: { get: async () => row },
    uploads: {
      async settle() {
        throw new AppError(code, 'It cannot be settled.');
      },
    },
  });
  await uploads.look(row as unknown as ScannedRow);
}

it.each(['not_found', 'gone'] as const)(
  'an upload that its owner has taken back meanwhile (%s) needs nothing',
  async (code) => {
    await expect(look(code)).resolves.toBeUndefined();
  },
);

it('an upload that cannot be settled now is reported', async () => {
  await expect(look('unavailable')).rejects.toMatchObject({ code: 'unavailable' });
});
