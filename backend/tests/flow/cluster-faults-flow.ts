import { connect } from 'amqplib';
import { beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { type ApiClient, basic, signIn } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { ClusterBackend } from './cluster-backend.ts';
import { describeCommandLine } from './command-line-flow.ts';
import type { Flow } from './flow.ts';
import { expectOnce } from './flow-checks.ts';
import { itSurvivesKills, type KilledWork, killServices } from './killed-services-flow.ts';
import { describeMail, mailOf, mailsAbout } from './mail-flow.ts';

const queues = ['video', 'mp3'] as const;

/** The faults of the original that need services and servers which end one by one. */
export function describeClusterFaults(flow: Flow<ClusterBackend>): void {
  describe('with services that were killed,', { timeout: 180_000 }, () => {
    let killed: KilledWork;
    beforeAll(async () => {
      killed = await killServices(flow);
    }, 180_000);

    // It takes 15 s until their leases have ended. The tests of other faults run meanwhile.
    describeMail(flow);
    describeCommandLine(flow);
    describeBroker(flow);
    describeAuth(flow);
    describeLargeFiles(flow);

    describe('under the faults of the original,', () => {
      itSurvivesKills(flow, () => killed);
    });
  });
}

function describeBroker(flow: Flow<ClusterBackend>): void {
  describe('under the faults of the original, a kill -9 of the broker right after three uploads', () => {
    let account: ApiClient;
    let acknowledged: readonly string[];
    let whileDown: readonly string[];
    let processes: readonly number[];
    const pids = (): readonly number[] => flow.backend.cluster.services.map((service) => service.process().pid);
    beforeAll(async () => {
      const { rabbit, ffmpeg } = flow.backend;
      account = await flow.addedAccount();
      const upload = async (): Promise<string> => (await account.upload(flow.media.talk)).id;
      await ffmpeg.hold();
      processes = pids();
      acknowledged = await Promise.all([upload(), upload(), upload()]);
      await rabbit.kill();
      try {
        // Each gateway gets one.
        whileDown = [await upload(), await upload()];
      } finally {
        await rabbit.start();
        await ffmpeg.release();
      }
    }, 180_000);

    it('loses none of them', async () => {
      for (const id of acknowledged) await expectOnce(flow, account, id);
    });

    it('lets uploads through while it is down, which are converted once it is back', async () => {
      for (const id of whileDown) await expectOnce(flow, account, id);
    });

    it('ends no service, and none needs a restart', async () => {
      expect(pids()).toEqual(processes);
      expect(flow.backend.cluster.services.map((service) => service.process().ended())).toEqual(
        processes.map(() => undefined),
      );
      for (const { url } of flow.backend.cluster.named('gateway')) {
        expect((await fetch(`${url}/readyz`)).status).toBe(200);
      }
    });
  });

  describe('under the faults of the original,', () => {
    it('an upload is not lost although somebody has deleted the queues', async () => {
      const account = await flow.addedAccount();
      await withChannel(flow, async (channel) => {
        for (const queue of queues) await channel.deleteQueue(queue);
      });
      // Each gateway gets one.
      for (const { id } of [await account.upload(flow.media.talk), await account.upload(flow.media.talk)]) {
        await expectOnce(flow, account, id);
      }
    });

    it('a ticket that is delivered again and again converts, notifies and mails nothing twice', async () => {
      const account = await flow.addedAccount();
      const { id } = await account.upload(flow.media.talk);
      expect(await mailOf(account, id)).toBe('sent');
      await withChannel(flow, async (channel) => {
        const ticket = Buffer.from(JSON.stringify({ conversionId: id }));
        for (const queue of queues) for (let copy = 0; copy < 5; copy += 1) channel.sendToQueue(queue, ticket);
        for (const queue of queues) {
          await waitUntil('the tickets are taken', async () => (await channel.checkQueue(queue)).messageCount === 0);
        }
      });
      const { id: next } = await account.upload(flow.media.talk);
      expect(await mailOf(account, next)).toBe('sent');
      await expectOnce(flow, account, id);
      expect((await account.get(id)).attempt).toBe(1);
      expect(mailsAbout(flow, id)).toHaveLength(1);
    });
  });
}

function describeLargeFiles(flow: Flow<ClusterBackend>): void {
  it('a large file of zeros fails, and no process takes as much more memory as the file is large', async () => {
    const account = await flow.addedAccount();
    const { services } = flow.backend.cluster;
    const used = async (): Promise<readonly number[]> =>
      await Promise.all(services.map((service) => peakMemoryBytes(service.process().pid)));
    const zeros = flow.media.bad.find(({ what }) => what === 'nothing but zeros');
    const before = await used();
    const ended = await account.ended((await account.upload(zeros?.path ?? '')).id);
    expect([ended.state, ended.error?.code, ended.attempt]).toEqual(['failed', 'not_media', 1]);
    // The original's converter took twice the size of the file.
    const more = (await used()).map((bytes, number) => bytes - (before[number] ?? 0));
    expect(Math.max(...more)).toBeLessThan(ended.sourceBytes);
  });
}

function describeAuth(flow: Flow<ClusterBackend>): void {
  it('while auth is down, a log-in is answered with 503 and a time to retry, without a traceback', async () => {
    const { email, password, token } = await flow.addedAccount();
    const [auth] = flow.backend.cluster.named('auth');
    await auth?.process().kill();
    const calls: readonly [string, RequestInit][] = [
      ['/login', { method: 'POST', headers: { authorization: basic(email, password) } }],
      ['/download?fid=x', { headers: { authorization: `Bearer ${token}` } }],
    ];
    try {
      for (const { url } of flow.backend.cluster.named('gateway')) {
        for (const [path, init] of calls) {
          const answer = await fetch(url + path, init);
          const text = await answer.text();
          expect([path, answer.status]).toEqual([path, 503]);
          expect(answer.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
          expect(problemSchema.strict().parse(JSON.parse(text)).code).toBe('unavailable');
          expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|axios|\.ts\b| at |secret/i);
        }
      }
    } finally {
      await auth?.start();
    }
    for (const { url } of flow.backend.cluster.named('gateway')) {
      expect((await signIn({ url: () => url, email, password })).token).not.toBe('');
    }
  });

  it.each([undefined, '', 'abc', 'Bearer ', 'Bearer garbage'])(
    'auth itself answers 401 to a check of a token with the header Authorization: %s',
    async (authorization) => {
      const [auth] = flow.backend.cluster.named('auth');
      const headers = new Headers(authorization === undefined ? {} : { authorization });
      const answer = await fetch(`${auth?.url}/validate`, { method: 'POST', headers });
      expect([answer.status, problemSchema.parse(await answer.json()).code]).toEqual([401, 'unauthorized']);
    },
  );
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>;

async function withChannel(
  { backend }: Flow<ClusterBackend>,
  work: (channel: Channel) => Promise<void>,
): Promise<void> {
  const connection = await connect(backend.rabbit.url);
  try {
    await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}
