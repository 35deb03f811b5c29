import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { type MailStand, openMailStand } from '../tests/mail/mail-stand.ts';
import { listenSomewhere } from '../tests/running/listen-somewhere.ts';
import { type MailServer, type MailServerOptions, startMailServer } from '../tests/running/mail-server.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { lookEverySeconds, type MailOutbox } from './mail-outbox.ts';
import { runOutbox } from './run-outbox.ts';

const minute = 60;
const day = 24 * 3600;

let opened: AsyncDisposableStack;
let stand: MailStand;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  stand = opened.use(await openMailStand());
});
afterEach(() => opened.disposeAsync());

async function mailServer(options: MailServerOptions = {}): Promise<MailServer> {
  return opened.use(await startMailServer(options));
}

async function lookOnce(outbox: MailOutbox): Promise<void> {
  await outbox.look();
  await outbox.idle();
}

/** Waits `seconds` on the stand's clock. */
async function run(outbox: MailOutbox, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += lookEverySeconds) {
    await lookOnce(outbox);
    stand.test.pass(lookEverySeconds);
  }
}

const messageIds = (server: MailServer): readonly (string | undefined)[] =>
  server.mails.map(({ parsed }) => parsed.messageId);

describe('a batch that has ended', () => {
  it('is mailed once, and an event says so', async () => {
    const server = await mailServer();
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch({ done: ['one.mp4', 'Übung.mp4'], failed: ['mute.mp4'] });
    expect(await stand.record(id)).toMatchObject({ outboxMail: { tries: 0, claimed: false } });
    await run(outbox, minute);
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['anna@example.com']);
    expect(mail?.parsed.subject).toBe('2 videos converted, 1 failed');
    expect(mail?.parsed.messageId).toBe(`<${id}@sound.example.org>`);
    for (const name of ['one.mp3', 'Übung.mp3', 'mute.mp4']) {
      expect(mail?.parsed.text).toContain(name);
      expect(mail?.parsed.html).toContain(name);
    }
    const record = await stand.record(id);
    expect(record?.notification.mail).toBe('sent');
    expect(record).not.toHaveProperty('outboxMail');
    expect(stand.test.told.at(-1)).toEqual({ type: 'notification', notification: record?.notification });
  });

  it('is still marked as read after the mail if it was read in the meantime', async () => {
    const server = await mailServer();
    const { id } = await stand.batch();
    await stand.test.conversions.notifications.markRead('anna', [id]);
    await lookOnce(stand.outbox(server.url));
    expect(stand.test.told.at(-1)).toMatchObject({ notification: { mail: 'sent', readAt: expect.any(String) } });
  });

  it('is not mailed if its owner does not want mail when it is due, not even if they want it later', async () => {
    const server = await mailServer();
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch();
    stand.recipients.delete('anna');
    await lookOnce(outbox);
    expect(await stand.record(id)).not.toHaveProperty('outboxMail');
    expect((await stand.record(id))?.notification).not.toHaveProperty('mail');
    stand.recipients.set('anna', 'anna@example.com');
    await run(outbox, minute);
    expect(server.connections).toBe(0);
  });

  it('asks for the address once for each sent mail, however often the outbox looks', async () => {
    const server = await mailServer({ recipient: () => ({ code: 451 }) });
    const asked: string[] = [];
    const known = stand.recipients.get.bind(stand.recipients);
    stand.recipients.get = (owner) => {
      asked.push(owner);
      return known(owner);
    };
    const outbox = stand.outbox(server.url);
    const [anna, bert] = [await stand.batch(), await stand.batch({ owner: 'bert' })];
    await run(outbox, 10 * minute);
    const tries = await Promise.all(
      [anna, bert].map(async ({ id }) => (await stand.record(id))?.outboxMail?.tries ?? 0),
    );
    expect(Math.min(...tries)).toBeGreaterThan(1);
    expect(asked).toHaveLength(tries.reduce((sum, one) => sum + one));
  });

  it('is mailed without conversions removed since, and not at all if none is left', async () => {
    const server = await mailServer();
    const outbox = stand.outbox(server.url);
    const some = await stand.batch({ done: ['kept.mp4', 'removed.mp4'] });
    const none = await stand.batch({ done: ['gone.mp4'] });
    await stand.test.conversions.owned.remove('anna', some.conversionIds[1] ?? '');
    await stand.test.conversions.owned.remove('anna', none.conversionIds[0] ?? '');
    await run(outbox, minute);
    expect(server.mails.map(({ parsed }) => parsed.subject)).toEqual(['kept.mp3 is ready']);
    expect(await stand.record(none.id)).not.toHaveProperty('outboxMail');
  });

  it('is mailed without conversions retried since, which get another mail', async () => {
    const server = await mailServer();
    const { conversionIds } = await stand.batch({ done: ['one.mp4'], failed: ['again.mp4'] });
    await stand.test.conversions.owned.retry('anna', conversionIds[1] ?? '');
    await run(stand.outbox(server.url), minute);
    expect(server.mails.map(({ parsed }) => parsed.subject)).toEqual(['one.mp3 is ready']);
  });
});

describe('an address that is refused (550)', () => {
  it('is given up after one session, with the reason in the log and a mark in the notification', async () => {
    const server = await mailServer({ recipient: () => ({ code: 550, words: 'no such mailbox' }) });
    const { id } = await stand.batch();
    await run(stand.outbox(server.url), 10 * minute);
    expect(server.connections).toBe(1);
    const record = await stand.record(id);
    expect(record?.notification.mail).toBe('refused');
    expect(record).not.toHaveProperty('outboxMail');
    expect(stand.logged.join('')).toContain('550 no such mailbox');
    expect(stand.test.told.at(-1)).toMatchObject({ type: 'notification', notification: { id, mail: 'refused' } });
  });

  it('does not hold up the next mail', async () => {
    const server = await mailServer({
      recipient: (address) => (address.startsWith('anna') ? { code: 550 } : undefined),
    });
    await stand.batch();
    await stand.batch({ owner: 'bert' });
    await lookOnce(stand.outbox(server.url));
    expect(server.mails.map(({ to }) => to)).toEqual([['bert@example.com']]);
  });
});

describe('a mail server that is down', () => {
  it('for 30 s is tried a few times, and then gets one mail', async () => {
    const before = await startMailServer();
    await before[Symbol.asyncDispose]();
    const outbox = stand.outbox(before.url);
    const { id } = await stand.batch();
    await run(outbox, 30);
    expect((await stand.record(id))?.outboxMail?.tries).toBe(3);
    const server = await mailServer({ port: before.port });
    await run(outbox, 10 * minute);
    expect(messageIds(server)).toEqual([`<${id}@sound.example.org>`]);
    expect(server.connections).toBe(1);
    expect((await stand.record(id))?.notification.mail).toBe('sent');
  });

  it('for 10 minutes is tried at most 20 times, however many mails wait, and then gets them all', async () => {
    let tries = 0;
    const dead = opened.use(
      await listenSomewhere(
        createServer((socket) => {
          tries += 1;
          socket.on('error', () => undefined).resetAndDestroy();
        }),
      ),
    );
    const outbox = stand.outbox(`smtp://127.0.0.1:${dead.port}`);
    for (let count = 0; count < 30; count += 1) await stand.batch();
    await run(outbox, 10 * minute);
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThanOrEqual(20);
    await dead[Symbol.asyncDispose]();
    const server = await mailServer({ port: dead.port });
    await run(outbox, 6 * minute);
    expect(new Set(messageIds(server)).size).toBe(30);
    expect(server.mails).toHaveLength(30);
  });

  it('for two days makes the outbox give up, and the notification says so', async () => {
    const before = await startMailServer();
    await before[Symbol.asyncDispose]();
    const outbox = stand.outbox(before.url);
    const { id } = await stand.batch();
    await lookOnce(outbox);
    stand.test.pass(2 * day - minute);
    await lookOnce(outbox);
    expect(await stand.record(id)).toHaveProperty('outboxMail');
    stand.test.pass(5 * minute);
    await lookOnce(outbox);
    expect((await stand.record(id))?.notification.mail).toBe('gave_up');
    expect(await stand.record(id)).not.toHaveProperty('outboxMail');
    expect(stand.test.told.at(-1)).toMatchObject({ type: 'notification', notification: { id, mail: 'gave_up' } });
  });

  it('does not hold up notifications in the app', async () => {
    const outbox = stand.outbox('smtp://127.0.0.1:1');
    await stand.batch();
    await outbox.look();
    await stand.batch({ owner: 'bert' });
    expect((await stand.test.conversions.notifications.page({ owner: 'bert', limit: 10 })).items).toHaveLength(1);
    await outbox.idle();
  });
});

describe('a mail server that defers one address (450)', () => {
  it('is tried again after growing pauses, and gets the other mails in the meantime', async () => {
    let asked = 0;
    const server = await mailServer({
      recipient(address) {
        if (!address.startsWith('anna')) return undefined;
        asked += 1;
        return { code: 450, words: 'greylisted' };
      },
    });
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch();
    await lookOnce(outbox);
    expect(asked).toBe(1);
    // No time passes.
    await stand.batch({ owner: 'bert' });
    await lookOnce(outbox);
    expect(server.mails.map(({ to }) => to)).toEqual([['bert@example.com']]);
    await run(outbox, 10 * minute);
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(10);
    server.conduct.recipient = () => undefined;
    await run(outbox, 12 * minute);
    expect(messageIds(server)).toContain(`<${id}@sound.example.org>`);
  });
});

describe('an interrupted hand-over', () => {
  it('before the answer is repeated with the same Message-ID', async () => {
    const server = await mailServer({ diesAfterTaking: true });
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch();
    await lookOnce(outbox);
    server.conduct.diesAfterTaking = false;
    await run(outbox, minute);
    expect(messageIds(server)).toEqual(Array(2).fill(`<${id}@sound.example.org>`));
    expect((await stand.record(id))?.notification.mail).toBe('sent');
  });

  it('of the store after the answer does not send the mail twice', async () => {
    const server = await mailServer();
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch();
    const { replace } = stand.test.mailOutbox;
    let failures = 0;
    vi.spyOn(stand.test.mailOutbox, 'replace').mockImplementation(async (notificationId, revision, next) => {
      if (next !== 'sent' || failures > 1) return await replace(notificationId, revision, next);
      failures += 1;
      throw new AppError('unavailable', 'The database cannot be reached.');
    });
    await run(outbox, minute);
    expect(failures).toBe(2);
    expect(server.mails).toHaveLength(1);
    expect((await stand.record(id))?.notification.mail).toBe('sent');
  });

  it('by a stop leaves the mail in the outbox, unclaimed', async () => {
    const server = await mailServer({ beforeTaking: () => new Promise(() => undefined) });
    const outbox = stand.outbox(server.url);
    const { id } = await stand.batch();
    await outbox.look();
    await waitUntil('it is being handed over', () => server.connections > 0);
    await outbox.stop(0.1);
    expect(await stand.record(id)).toMatchObject({ outboxMail: { tries: 1, claimed: false } });
    await stand.batch();
    await lookOnce(outbox);
    expect(server.connections).toBe(1);
  });
});

describe('two outboxes over one store', () => {
  /** A mail server that holds its first sessions, each until the test releases it. */
  async function slowServer(sessions = 1): Promise<{ readonly server: MailServer; readonly goOn: () => void }> {
    const held = Array.from({ length: sessions }, () => Promise.withResolvers<void>());
    const waits = held.map(({ promise }) => promise);
    const server = await mailServer({ beforeTaking: async () => await waits.shift() });
    return { server, goOn: () => held.shift()?.resolve() };
  }

  beforeEach(() => {
    // The test decides when leases are renewed.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function passSeconds(seconds: number, each: () => Promise<void>): Promise<void> {
    for (let passed = 0; passed < seconds; passed += lookEverySeconds) {
      await each();
      stand.test.pass(lookEverySeconds);
    }
  }

  it('send each mail once', async () => {
    const server = await mailServer();
    const both = [stand.outbox(server.url), stand.outbox(server.url)];
    for (let count = 0; count < 20; count += 1) await stand.batch();
    await Promise.all(both.map(lookOnce));
    await Promise.all(both.map((outbox) => run(outbox, minute)));
    expect(server.mails).toHaveLength(20);
    expect(new Set(messageIds(server)).size).toBe(20);
  });

  it('leave a mail to the one that sends it, however long that takes', async () => {
    const { server, goOn } = await slowServer();
    const [one, other] = [stand.outbox(server.url), stand.outbox(server.url)];
    const { id } = await stand.batch();
    await one.look();
    await waitUntil('it is being handed over', () => server.connections > 0);
    await passSeconds(5 * minute, async () => {
      const before = (await stand.record(id))?.outboxMail?.revision;
      vi.advanceTimersByTime(lookEverySeconds * 1000);
      await waitUntil('it has raised the revision', async () => {
        return (await stand.record(id))?.outboxMail?.revision !== before;
      });
      await lookOnce(other);
    });
    goOn();
    await one.idle();
    expect(messageIds(server)).toEqual([`<${id}@sound.example.org>`]);
    expect((await stand.record(id))?.notification.mail).toBe('sent');
  });

  it('take over a mail from a frozen one, whose later writes have no effect', async () => {
    const { server, goOn } = await slowServer(2);
    const [frozen, other] = [stand.outbox(server.url), stand.outbox(server.url)];
    const { id } = await stand.batch();
    await frozen.look();
    await waitUntil('it is being handed over', () => server.connections > 0);
    // The other machine's clock may be far behind, so that the mail is past due does not mean that its holder is frozen.
    stand.test.pass(day / 2);
    await passSeconds(15, () => lookOnce(other));
    expect(server.connections).toBe(1);
    expect(await stand.record(id)).toMatchObject({ outboxMail: { tries: 1, claimed: true } });
    await other.look();
    await waitUntil('the other outbox to send it', () => server.connections > 1);
    const takenOver = await stand.record(id);
    expect(takenOver).toMatchObject({ outboxMail: { tries: 2, claimed: true } });
    goOn();
    await frozen.idle();
    expect(await stand.record(id)).toEqual(takenOver);
    const tellings = stand.test.told.length;
    goOn();
    await other.idle();
    expect(messageIds(server)).toEqual(Array(2).fill(`<${id}@sound.example.org>`));
    expect((await stand.record(id))?.notification.mail).toBe('sent');
    expect(stand.test.told).toHaveLength(tellings + 1);
  });

  it('abort a hand-over that was taken over, once the frozen one notices', async () => {
    const { server } = await slowServer();
    const [frozen, other] = [stand.outbox(server.url), stand.outbox(server.url)];
    const { id } = await stand.batch();
    await frozen.look();
    await waitUntil('it is being handed over', () => server.connections > 0);
    await passSeconds(20, () => lookOnce(other));
    vi.advanceTimersByTime(lookEverySeconds * 1000);
    await frozen.idle();
    expect(messageIds(server)).toEqual([`<${id}@sound.example.org>`]);
    expect(stand.logged.join('')).toContain('another process has taken over a mail');
  });
});

it('does not hold up other mails when the server is slow with one', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const waits = [released];
  const server = await mailServer({ beforeTaking: async () => waits.pop() });
  const outbox = stand.outbox(server.url);
  for (let count = 0; count < 12; count += 1) await stand.batch();
  await outbox.look();
  await server.received(11);
  release();
  await outbox.idle();
  expect(server.mails).toHaveLength(12);
});

it('does not hold up other mails behind one that cannot be composed, and tries that one again', async () => {
  const server = await mailServer();
  const outbox = stand.outbox(server.url);
  const { id } = await stand.batch();
  const broken = stand.recipients.get.bind(stand.recipients);
  stand.recipients.get = (owner) => {
    if (owner === 'anna') throw new Error('broken');
    return broken(owner);
  };
  await stand.batch({ owner: 'bert' });
  await run(outbox, minute);
  expect(server.mails.map(({ to }) => to)).toEqual([['bert@example.com']]);
  expect(
    stand.logged.filter((line) => line.includes('could not be composed, or its outcome could not be stored')),
  ).toHaveLength(1);
  stand.recipients.get = broken;
  await run(outbox, minute);
  expect(messageIds(server)).toContain(`<${id}@sound.example.org>`);
});

it('looks at once when there is a new notification, and stops cleanly', async () => {
  const server = await mailServer();
  const running = runOutbox({
    outbox: stand.outbox(server.url),
    events: stand.test.events,
    log: pino({ level: 'silent' }),
  });
  await stand.batch();
  // Sooner than the next regular look.
  await server.received(1, { seconds: lookEverySeconds - 1 });
  await running.stop();
  await stand.batch();
  expect(server.mails).toHaveLength(1);
});
