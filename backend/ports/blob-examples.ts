import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import type { BlobInfo, BlobLabel, BlobStore } from './blob-store.ts';

/** Shared by the parts of the BlobStore's contract. */

export const label: BlobLabel = { conversionId: 'conversion', owner: 'anna', fileName: 'talk.mp4' };
/** The fence of a blob's only writer. */
export const fence = 7;
export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;

export async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A digest that stands for bytes that are too many to show when a test fails. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function put(store: BlobStore, id: string, ...pieces: readonly Uint8Array[]): Promise<BlobInfo> {
  await store.append(id, fence, 0, from(...pieces), label);
  return store.finish(id, fence);
}

export async function read(store: BlobStore, id: string, start?: number, end?: number): Promise<Buffer> {
  return buffer(await store.open(id, start === undefined || end === undefined ? undefined : { start, end }));
}

/** Continues at the end that the store reports, as a client does that lost its connection. */
export async function resume(store: BlobStore, id: string, bytes: Uint8Array): Promise<void> {
  const kept = (await store.stat(id))?.bytes ?? 0;
  expect(await store.append(id, fence, kept, from(bytes.subarray(kept)), label)).toBe(bytes.length);
  await store.finish(id, fence);
  expect(sha256(await read(store, id))).toBe(sha256(bytes));
}

/** Everything that the store lists, by id. */
export async function listed(store: BlobStore): Promise<readonly BlobInfo[]> {
  const infos: BlobInfo[] = [];
  for await (const info of store.list()) infos.push(info);
  return byId(infos);
}

export function byId(infos: readonly BlobInfo[]): readonly BlobInfo[] {
  return infos.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

export async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'AppError', code });
}

/** How many bytes of buffers are still referenced. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  collectGarbage();
  // Another thread frees the bytes of buffers, and the next collection waits for it.
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
