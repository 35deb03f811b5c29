import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { SocketFrame } from '../../../shared/events.ts';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import type { ApiClient } from '../running/api-client.ts';
import { openEvents } from '../running/event-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { accountAtBoth, type DoubledCluster } from './doubled-cluster.ts';

type Cluster = () => DoubledCluster;

/** Uploads to two gateways. Registers vitest's tests. */
export function describeUploads(two: Cluster): void {
  describe('an upload', () => {
    const protocol = { 'tus-resumable': '1.0.0' };
    const appending = { ...protocol, 'content-type': 'application/offset+octet-stream' };

    async function create(account: ApiClient, bytes: number): Promise<string> {
      const metadata = `filename ${Buffer.from('talk.mp4').toString('base64')}`;
      const headers = { ...protocol, 'upload-length': String(bytes), 'upload-metadata': metadata };
      const answer = await account.fetch('/api/v1/uploads', { method: 'POST', headers });
      expect(answer.status).toBe(201);
      return answer.headers.get('x-conversion-id') ?? '';
    }

    async function append(account: ApiClient, id: string, offset: number, bytes: Uint8Array): Promise<number> {
      const headers = { ...appending, 'upload-offset': String(offset) };
      const body = new Uint8Array(bytes);
      const answer = await account.fetch(`/api/v1/uploads/${id}`, { method: 'PATCH', headers, body });
      return answer.status;
    }

    async function offsetOf(account: ApiClient, id: string): Promise<number> {
      const { headers } = await account.fetch(`/api/v1/uploads/${id}`, { method: 'HEAD', headers: protocol });
      return Number(headers.get('upload-offset'));
    }

    it('that one gateway has begun goes on at the other', async () => {
      const [one, other] = await accountAtBoth(two());
      const bytes = await readFile(two().talk);
      const half = Math.floor(bytes.byteLength / 2);
      const id = await create(one, bytes.byteLength);
      expect(await append(one, id, 0, bytes.subarray(0, half))).toBe(204);
      expect(await offsetOf(other, id)).toBe(half);
      expect(await append(other, id, half, bytes.subarray(half))).toBe(204);
      expect(await one.ended(id)).toMatchObject({ state: 'done', sourceBytes: bytes.byteLength });
      expect((await one.download(id)).equals(await other.download(id))).toBe(true);
    });

    it('has one writer at a time at both gateways, and a quiet one gives way', async () => {
      const [one, other] = await accountAtBoth(two());
      const bytes = await readFile(two().talk);
      const id = await create(one, bytes.byteLength);
      const headers = { ...appending, authorization: `Bearer ${one.token}`, 'upload-offset': '0' };
      const first = request(`${two().gateways[0]}/api/v1/uploads/${id}`, {
        method: 'PATCH',
        headers: { ...headers, 'content-length': bytes.byteLength },
      });
      const refused = new Promise<number | undefined>((resolve) => {
        first.on('response', (answer) => resolve(answer.statusCode));
        first.on('error', () => undefined);
      });
      const { revision: created } = await one.get(id);
      let sent = 0;
      const sending = setInterval(() => {
        first.write(bytes.subarray(sent, sent + 1));
        sent += 1;
      }, 50);
      await waitUntil('the first writer has begun', async () => (await other.get(id)).revision > created);
      expect(await append(other, id, await offsetOf(other, id), bytes.subarray(0, 1))).toBe(423);
      clearInterval(sending);
      await waitUntil('the quiet writer has given way', async () => {
        const offset = await offsetOf(other, id);
        return (await append(other, id, offset, bytes.subarray(offset))) === 204;
      });
      expect(await refused).toBe(408);
      expect(await other.ended(id)).toMatchObject({ state: 'done', sourceBytes: bytes.byteLength });
    });
  });
}

/** Events of two converters at two gateways. Registers vitest's tests. */
export function describeEvents(two: Cluster): void {
  describe('events', () => {
    it('of both converters reach the sockets at both gateways, in the order of the revisions', async () => {
      const [one, other] = await accountAtBoth(two());
      await using first = await openEvents(two().gateways[0], { token: one.token });
      await using second = await openEvents(two().gateways[1], { token: other.token });
      await Promise.all([first.hello, second.hello]);
      await two().ffmpeg.hold();
      const ids = [(await one.upload(two().lecture)).id, (await other.upload(two().lecture)).id];
      for (const converter of two().cluster.named('converter')) {
        await waitUntil('it converts', async () => (await converter.process().workers()).length > 0);
      }
      for (const client of [first, second]) {
        for (const id of ids) await client.until('progress', (frames) => progressOf(frames, id).length > 0);
      }
      await two().ffmpeg.release();
      for (const client of [first, second]) {
        await client.until('both notifications', (frames) => ids.every((id) => isTold(frames, id)));
        for (const id of ids) {
          expect(new Set(statesOf(client.frames, id))).toEqual(new Set(['uploading', 'queued', 'converting', 'done']));
          expect(statesOf(client.frames, id).at(-1)).toBe('done');
          const revisions = revisionsOf(client.frames, id);
          expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        }
        expect(client.frames.filter(({ type }) => type === 'notification')).toHaveLength(2);
      }
    });
  });
}

/** Two notifiers with their outboxes. Registers vitest's tests. */
export function describeNotifiers(two: Cluster): void {
  describe('two notifiers with outboxes', () => {
    it('that find the same work at once make one notification and send one mail for each batch', async () => {
      const account = await makeMailedAccount({ url: () => two().gateways[0] }, two().mailServer);
      const notifiers = two().cluster.named('notifier');
      for (const notifier of notifiers) await notifier.process().signal('SIGSTOP');
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.push((await account.upload(two().talk)).id);
      for (const id of ids) expect(await account.ended(id)).toMatchObject({ state: 'done' });
      await Promise.all(notifiers.map((notifier) => notifier.process().signal('SIGCONT')));
      await waitUntil('all mails have an outcome', async () => {
        const told = await account.notifications();
        return told.length >= ids.length && told.every(({ mail }) => mail === 'sent');
      });
      const told = (await account.notifications()).map(({ conversionIds }) => conversionIds);
      expect(told.flat().toSorted()).toEqual(ids.toSorted());
      const mails = two().mailServer.mails.filter(
        ({ to, parsed }) => to.includes(account.email) && !parsed.subject?.includes('code'),
      );
      expect(new Set(mails.map(({ parsed }) => parsed.messageId)).size).toBe(ids.length);
      expect(mails).toHaveLength(ids.length);
    });
  });
}

function progressOf(frames: readonly SocketFrame[], id: string): readonly SocketFrame[] {
  return frames.filter((frame) => frame.type === 'progress' && frame.id === id);
}

function statesOf(frames: readonly SocketFrame[], id: string): readonly string[] {
  return frames.flatMap((frame) =>
    frame.type === 'conversion' && frame.conversion.id === id ? [frame.conversion.state] : [],
  );
}

function revisionsOf(frames: readonly SocketFrame[], id: string): readonly number[] {
  return frames.flatMap((frame) => {
    if (frame.type === 'progress') return frame.id === id ? [frame.revision] : [];
    return frame.type === 'conversion' && frame.conversion.id === id ? [frame.conversion.revision] : [];
  });
}

function isTold(frames: readonly SocketFrame[], id: string): boolean {
  return frames.some((frame) => frame.type === 'notification' && frame.notification.conversionIds.includes(id));
}
