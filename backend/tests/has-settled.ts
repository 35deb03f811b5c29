import type { ConversionStore } from '../ports/conversion-store.ts';

/** Whether all conversions have ended and all batches that have ended were told. */
export async function hasSettled(store: ConversionStore): Promise<boolean> {
  const { uploading, queued, converting } = await store.countActive();
  if (uploading + queued + converting > 0) return false;
  for await (const _ of store.untoldBatches()) return false;
  return true;
}
