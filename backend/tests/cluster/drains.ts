import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { mailMark } from '../mail/mailing-server.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { openEvents } from '../running/event-client.ts';
import type { RunningService } from '../running/running-cluster.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { DoubledCluster } from './doubled-cluster.ts';

const protocol = { 'tus-resumable': '1.0.0' };
const appending = { ...protocol, 'content-type': 'application/offset+octet-stream' };

/** What each service finishes after SIGTERM. Registers vitest's tests. */
export function describeDrains(two: () => DoubledCluster): void {
  /** Runs `meanwhile` once the process has been asked to stop. Then waits until it has ended with 0, and starts it again. */
  async function restart(services: readonly RunningService[], meanwhile: () => Promise<void>): Promise<void> {
    const stopped = Promise.all(services.map((service) => service.process().stop()));
    stopped.catch(() => undefined);
    await meanwhile();
    await stopped;
    await Promise.all(services.map((service) => service.start()));
  }

  it('a gateway finishes what it has begun, gives up what takes too long, and sends its sockets elsewhere', async () => {
    const { gateways, cluster: running, talk } = two();
    const bytes = await readFile(talk);
    const half = Math.floor(bytes.byteLength / 2);
    const [gateway] = running.named('gateway');
    if (gateway === undefined) throw new Error('there is no gateway');
    const account = await makeAccount({ url: () => gateways[0] });
    await using socket = await openEvents(gateways[0], { token: account.token });
    await socket.hello;

    const create = async (): Promise<string> => {
      const headers = { ...protocol, 'upload-length': String(bytes.byteLength) };
      const answer = await account.fetch('/api/v1/uploads', { method: 'POST', headers });
      return answer.headers.get('x-conversion-id') ?? '';
    };
    const begin = (path: string, method: string, headers: Readonly<Record<string, string>>): Begun => {
      const authorization = `Bearer ${account.token}`;
      return beginRequest(request(`${gateways[0]}${path}`, { method, headers: { authorization, ...headers } }));
    };
    const [ends, stays] = [await create(), await create()];
    const created = await account.conversions();
    const append = (id: string): Begun =>
      begin(`/api/v1/uploads/${id}`, 'PATCH', { ...appending, 'upload-offset': '0' });
    const [ending, staying] = [append(ends), append(stays)];
    const form = begin('/upload', 'POST', { 'content-type': 'multipart/form-data; boundary=edge' });
    form.call.write('--edge\r\nContent-Disposition: form-data; name="file"; filename="form.mp4"\r\n\r\n');
    for (const { call } of [ending, staying, form]) call.write(bytes.subarray(0, half));
    await waitUntil('all three are being stored', async () => {
      const now = await account.conversions();
      const begun = now.filter(({ id, revision }) => revision > (created.find((one) => one.id === id)?.revision ?? -1));
      return begun.length === 3;
    });

    await restart([gateway], async () => {
      expect((await socket.ended).code).toBe(1001);
      await waitUntil('it takes no more connections', async () => !(await connects(gateways[0])));
      ending.call.end(bytes.subarray(half));
      form.call.end(Buffer.concat([bytes.subarray(half), Buffer.from('\r\n--edge--\r\n')]));
      for (const [{ answer }, status] of [
        [ending, 204],
        [form, 200],
      ] as const) {
        const { statusCode, headers } = await answer;
        expect([statusCode, headers.connection]).toEqual([status, 'close']);
      }
      const { statusCode, headers } = await staying.answer;
      expect([statusCode, headers['retry-after']]).toEqual([503, '1']);
    });
    staying.call.destroy();

    // No lease is left behind: the other gateway goes on at once.
    const authorization = `Bearer ${account.token}`;
    const path = `${gateways[1]}/api/v1/uploads/${stays}`;
    const told = await fetch(path, { method: 'HEAD', headers: { ...protocol, authorization } });
    const offset = Number(told.headers.get('upload-offset'));
    expect(offset).toBe(half);
    const rest = await fetch(path, {
      method: 'PATCH',
      headers: { ...appending, authorization, 'upload-offset': String(offset) },
      body: new Uint8Array(bytes.subarray(offset)),
    });
    expect(rest.status).toBe(204);
    for (const { id } of await account.conversions()) {
      expect(await account.ended(id)).toMatchObject({ state: 'done', sourceBytes: bytes.byteLength });
    }
  });

  it('a converter hands its conversion to the other, which costs no attempt', async () => {
    const { gateways, cluster: running, ffmpeg, lecture } = two();
    const account = await makeAccount({ url: () => gateways[0] });
    await ffmpeg.hold();
    const { id } = await account.upload(lecture);
    await account.until(id, ({ progress }) => progress > 0);
    const busy = async (): Promise<RunningService | undefined> => {
      for (const one of running.named('converter')) if ((await one.process().workers()).length > 0) return one;
      return undefined;
    };
    const first = await waitUntil('a converter has it', busy);
    await restart([first], async () => {
      await waitUntil('the other has it', async () => {
        const now = await busy();
        return now !== undefined && now !== first;
      });
    });
    await ffmpeg.release();
    expect(await account.ended(id)).toMatchObject({ state: 'done', attempt: 1 });
  });

  /**
   * Restarts the services while they wait for the mail server: until it accepts the recipient of a mail, or the whole mail. Returns what
   * `cause` has made, which causes the mail.
   */
  async function restartWhileMailing<Cause>(
    name: 'auth' | 'notifier',
    step: 'recipient' | 'beforeTaking',
    cause: () => Promise<Cause>,
  ): Promise<Cause> {
    const { cluster: running, mailServer } = two();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    mailServer.conduct[step] = () => {
      reach();
      return released;
    };
    try {
      const caused = await cause();
      await reached;
      await restart(running.named(name), async () => {
        // A process that does not wait for the answer has gone by then.
        await delay(500);
        release(undefined);
      });
      return caused;
    } finally {
      release(undefined);
      delete mailServer.conduct[step];
    }
  }

  const mailsTo = ({ email }: ApiClient) => two().mailServer.mails.filter(({ to }) => to.includes(email));

  it('auth sends the code that it has promised', async () => {
    const { gateways } = two();
    const account = await restartWhileMailing('auth', 'recipient', () => makeAccount({ url: () => gateways[0] }));
    await waitUntil('the code has arrived', () => mailsTo(account).length > 0);
  });

  it('a notifier waits for the answer of the mail server, so that the mail is not sent again', async () => {
    const { gateways, talk, mailServer } = two();
    const account = await makeMailedAccount({ url: () => gateways[0] }, mailServer);
    const before = mailsTo(account).length;
    await restartWhileMailing('notifier', 'beforeTaking', () => account.upload(talk));
    expect(await mailMark(account)).toBe('sent');
    expect(mailsTo(account)).toHaveLength(before + 1);
  });
}

interface Begun {
  readonly call: ClientRequest;
  readonly answer: Promise<IncomingMessage>;
}

/** A request whose body is still being sent. */
function beginRequest(call: ClientRequest): Begun {
  const { promise: answer, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  answer.catch(() => undefined);
  call.on('response', (response) => resolve(response.resume())).on('error', reject);
  return { call, answer };
}

async function connects(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    return await new Promise((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
