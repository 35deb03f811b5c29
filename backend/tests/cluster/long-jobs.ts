import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import type { RowDataPacket } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { createRemoteBackend } from '../../../desktop/client/remote-backend.ts';
import { createServerHttp } from '../../../desktop/client/server-http.ts';
import { keepInMemory, openServerSession, signIn } from '../../../desktop/client/server-session.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { createAccessTokens } from '../../auth/access-tokens.ts';
import { claimsSchema } from '../../http/authentication-calls.ts';
import { systemClock } from '../../ports/clock.ts';
import { openEvents } from '../running/event-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { impatientSeconds, type StrainedCluster } from './strained-cluster.ts';

/**
 * What holds when something takes longer than the servers of a cluster wait. A conversion takes `heldSeconds`. Registers vitest's tests.
 */
export function describeLongJobs(cluster: () => StrainedCluster, heldSeconds: number): void {
  describe('a cluster whose servers are impatient', () => {
    it('ends a long conversion in one attempt, for a client whose token expires meanwhile', () =>
      endsLongConversion(cluster(), heldSeconds));
    it('answers at once after nobody has asked anything for a while', () => answersAfterIdling(cluster()));
  });
}

async function endsLongConversion(cluster: StrainedCluster, heldSeconds: number): Promise<void> {
  const { person, gateways, settings, ffmpeg, lecture } = cluster;
  const [account] = person;
  const never = new AbortController().signal;
  await ffmpeg.hold();
  const http = createServerHttp(gateways[0]);
  const keeper = keepInMemory();
  await signIn(http, account, keeper);
  const signedIn = (await keeper.read()) ?? expect.unreachable();
  const accessToken = await shortened(signedIn.accessToken, settings.JWT_SECRET, heldSeconds - 1);
  await keeper.write({ ...signedIn, accessToken });
  const backend = createRemoteBackend(openServerSession(http, keeper));
  const heard: ServerEvent[] = [];
  const unfollow = backend.follow((event) => void heard.push(event));
  try {
    await using socket = await openEvents(gateways[0], { token: accessToken });
    const { size: bytes } = await stat(lecture);
    const file = { path: lecture, fileName: 'lecture.mkv', bytes };
    const { id } = await backend.submit({ file, options: { format: 'mp3' } }, never);
    await account.until(id, ({ state, progress }) => state === 'converting' && progress > 0);
    await delay(heldSeconds * 1000);
    expect(await socket.ended).toMatchObject({ code: 4401 });
    await ffmpeg.release();
    // The client's own socket was closed in the same way.
    await waitUntil('the client hears of the end', () =>
      heard.some(
        (event) => event.type === 'conversion' && event.conversion.id === id && event.conversion.state === 'done',
      ),
    );
    expect(await account.get(id)).toMatchObject({ state: 'done', attempt: 1 });
    let received = 0;
    const result = await backend.openResult(id, never);
    for await (const chunk of result.chunks) received += chunk.byteLength;
    expect(received).toBe(result.bytes);
    expect((await keeper.read())?.accessToken).not.toBe(accessToken);
    const told = await waitUntil('the owner was notified', async () => {
      const all = await account.notifications();
      return all.filter(({ conversionIds }) => conversionIds.includes(id));
    });
    expect(told.length).toBeLessThanOrEqual(1);
  } finally {
    unfollow();
  }
}

/** A token of the same session that expires after `seconds`. */
async function shortened(token: string, secret: string, seconds: number): Promise<string> {
  const { sub, username, admin, sid } = claimsSchema.parse(decodeJwt(token));
  const tokens = createAccessTokens({ secrets: [secret], clock: systemClock });
  return await tokens.issue({ id: sub, email: username, admin }, sid, seconds);
}

async function answersAfterIdling({ person, gateways, servers, mongoLine, talk }: StrainedCluster): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const administrator = await servers.mysql.connect();
  opened.defer(() => administrator.end());

  async function accountConnections(): Promise<readonly number[]> {
    const [rows] = await administrator.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE user = 'auth_user'",
    );
    return rows.map(({ id }) => Number(id));
  }
  /** Counts for connections that begin later, so those that are there end now. */
  async function endIdleAfter(seconds: number): Promise<void> {
    await administrator.query(`SET GLOBAL wait_timeout = ${seconds}`);
    for (const id of await accountConnections()) await administrator.query(`KILL ${id}`);
    // A request at the moment of the end would fail.
    await delay(1000);
  }

  opened.defer(() => endIdleAfter(28_800));
  await endIdleAfter(impatientSeconds);
  // As many firewalls do with idle connections.
  mongoLine.cut();
  await delay(2.5 * impatientSeconds * 1000);
  // Auth reads the clock of MySQL now and then. So a connection that is there after this is a new one, far from its end.
  await waitUntil('MySQL has ended all connections', async () => (await accountConnections()).length === 0);
  await delay(500);
  await Promise.all(
    person.map(async (account, number) => {
      // None of these is tried twice.
      const [first, client] = await Promise.all([
        account.upload(talk),
        openEvents(gateways[number] ?? '', { token: account.token }),
        account.conversions(),
      ]);
      await using listening = client;
      await listening.hello;
      const { id } = await account.upload(talk);
      await listening.until('an event', (frames) =>
        frames.some((frame) => frame.type === 'conversion' && frame.conversion.id === id),
      );
      for (const each of [first.id, id]) expect(await account.ended(each)).toMatchObject({ state: 'done', attempt: 1 });
    }),
  );
}
