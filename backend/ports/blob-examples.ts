import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import type { BlobInfo, BlobLabel, BlobStore } from './blob-store.ts';

/** What the parts of the BlobStore's contract share. */

export const label: BlobLabel = { conversionId: 'conversion', owner: 'anna', fileName: 'talk.mp4' };
/** Of a blob's only writer. */
export const fence = 7;
export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;

export async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Stands for bytes that are too many to be shown when a test fails. */
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

/** Goes on from where the store says that it is, as a client does that lost its connection. */
export async function resume(store: BlobStore, id: string, bytes: Uint8Array): Promise<void> {
  const kept = (await store.stat(id))?.bytes ?? 0;
  expect(await store.append(id, fence, kept, from(bytes.subarray(kept)), label)).toBe(bytes.length);
  await store.finish(id, fence);
  expect(sha256(await read(store, id))).toBe(sha256(bytes));
}

/** All that the store lists, by id. */
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

/** How many bytes of buffers something still holds on to. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  collectGarbage();
  // The bytes of buffers are given back by another thread, and the next collection waits for it.
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
