import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect } from 'amqplib';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { runDead } from '../../../desktop/cli/dead-command.ts';
import { AppError } from '../../../shared/errors.ts';
import { publishConfirmed } from '../../adapters/cluster/rabbit-publishing.ts';
import { parseConfig } from '../../config.ts';
import type { Work } from '../../conversions/conversion-work.ts';
import { openClusterParts } from '../../main/cluster-parts.ts';
import { openDeadLetters } from '../../main/dead-letters.ts';
import { waitUntil } from '../running/wait-until.ts';
import { startMongoForTests } from '../servers/private-mongodb.ts';
import { startRabbitForTests } from '../servers/private-rabbitmq.ts';
import { describePoison, type PoisonParts, setUpPoisonStand } from './poison.ts';

const log = pino({ level: 'silent' });
const queues = { VIDEO_QUEUE: `video-${randomUUID()}`, MP3_QUEUE: `mp3-${randomUUID()}` };
let environment: Readonly<Record<string, string>>;

const stand = setUpPoisonStand(async (workFolder): Promise<PoisonParts> => {
  await using opened = new AsyncDisposableStack();
  const [mongo, rabbit] = await Promise.all([startMongoForTests(), startRabbitForTests()]);
  opened.use(mongo);
  opened.use(rabbit);
  environment = { MONGODB_URL: mongo.url, RABBITMQ_URL: rabbit.url, ...queues };
  await mkdir(workFolder);
  const { signal } = new AbortController();
  const parts = opened.use(await openClusterParts(parseConfig(environment), log, { signal, workFolder }));
  const kept = opened.move();
  return { ...parts, [Symbol.asyncDispose]: () => kept.disposeAsync() };
});

describePoison('the parts of a cluster', stand);

/** Publishes to a queue as another program can. */
async function publishRaw(queue: string, bodies: readonly Buffer[]): Promise<void> {
  const connection = await connect(environment['RABBITMQ_URL'] ?? '');
  const channel = await connection.createConfirmChannel();
  await Promise.all(bodies.map((body) => publishConfirmed(channel, '', queue, body)));
  await connection.close();
}

/** Runs `soundlift dead`. */
async function dead(...words: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = { stdout, stderr, currentFolder: '/', signal: new AbortController().signal };
  const code = await runDead(words, context, () => openDeadLetters(parseConfig(environment), log)).catch(
    (error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      stderr.write(`${error.message}\n`);
      return 1;
    },
  );
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr) };
}

it('200 messages that are no tickets become dead letters with their cause, while conversions go on', async () => {
  const { upload, row, parts } = stand();
  await using _ = await stand().startConverter();
  const kinds = ['nonsense', '{}', '{"id":"a"}', '[]'].map((body) => Buffer.from(body));
  const garbage = Array.from({ length: 196 }, (_each, index) => kinds[index % kinds.length] ?? Buffer.from(''));
  const large = [0, 1, 2, 3].map(() => Buffer.alloc(1_000_000, 'a'));
  await publishRaw(queues.VIDEO_QUEUE, [...garbage, ...large]);
  const nothing = { conversionId: 'names nothing' };
  await publishRaw(queues.VIDEO_QUEUE, [Buffer.from(JSON.stringify(nothing))]);
  const ids = await Promise.all(['anna', 'berta', 'carla'].map((owner) => upload(owner)));
  await waitUntil('all are done', async () => {
    const rows = await Promise.all(ids.map(row));
    return rows.every(({ state }) => state === 'done');
  });
  await waitUntil('all are dead letters', async () => (await parts.videoQueue.deadLetters()).length === 200);

  const { code, out } = await dead('list', '--json');
  const letters = out
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect([code, letters.length]).toEqual([0, 200]);
  for (const letter of letters) {
    const cause = expect.stringMatching(/^The message is (?:not JSON|not a valid ticket: .+)\.$/);
    const at = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T.+Z$/);
    const [id, body] = [expect.any(String), expect.any(String)];
    expect(letter).toEqual({ id, queue: `${queues.VIDEO_QUEUE}.dead`, body, cause, at });
  }
  expect(await dead('drop', '--all')).toEqual({ code: 0, out: 'Removed 200 dead letters.\n', err: '' });
  expect(await dead('list')).toEqual({ code: 0, out: 'There are no dead letters.\n', err: '' });
  expect(await dead('list', '--json')).toEqual({ code: 0, out: '', err: '' });
});

describe('soundlift dead', () => {
  /** A failed conversion with a dead letter. Nothing converts it. */
  async function failed(owner: string): Promise<string> {
    const { upload, conversions, parts } = stand();
    const id = await upload(owner);
    const work = await take();
    expect(work.row.id).toBe(id);
    await work.fail(new AppError('converter_failed', 'The converter was killed.'));
    await parts.videoQueue.bury({ conversionId: id }, 'ffmpeg died in each of 3 tries.');
    await conversions.owned.get(owner, id);
    return id;
  }

  async function take(): Promise<Work> {
    const taken = await stand().conversions.work.take();
    if (taken.kind !== 'work') throw new Error(`nothing was taken: ${taken.kind}`);
    return taken.work;
  }

  async function letterIds(): Promise<readonly string[]> {
    return (await stand().parts.videoQueue.deadLetters()).map(({ id }) => id);
  }

  it('lists, retries and drops letters, each by its id or its conversion', async () => {
    const [first, second] = [await failed('anna'), await failed('berta')];
    const [letter = ''] = await letterIds();
    const { code, out } = await dead('list');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toMatch(
      new RegExp(
        `^${letter}  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  ${queues.VIDEO_QUEUE}\\.dead  conversion ${first}  ffmpeg died in each of 3 tries\\.$`,
      ),
    );
    const queued = `Queued the conversion ${first} again.\n`;
    expect(await dead('retry', letter)).toEqual({ code: 0, out: queued, err: '' });
    expect(await stand().row(first)).toMatchObject({ state: 'queued', attempt: 2 });
    expect(await letterIds()).toHaveLength(1);
    expect(await dead('drop', second)).toEqual({ code: 0, out: 'Removed 1 dead letter.\n', err: '' });
    expect((await stand().row(second)).state).toBe('failed');
    expect(await letterIds()).toEqual([]);
    const again = await take();
    expect(again.row.id).toBe(first);
    await again.fail(new AppError('converter_failed', 'The converter was killed.'));
  });

  it('says what it cannot do, and does the rest', async () => {
    expect(await dead('retry', 'unknown')).toMatchObject({
      code: 1,
      err: 'There is no dead letter unknown. See soundlift dead list.\n',
    });
    const id = await failed('anna');
    const done = await failed('berta');
    await stand().conversions.owned.retry('berta', done);
    await publishRaw(`${queues.MP3_QUEUE}.dead`, [Buffer.from('nonsense')]);
    await stand().parts.videoQueue.bury({ conversionId: 'names nothing' }, 'Why.');
    const garbage = (await stand().parts.mp3Queue.deadLetters())[0]?.id ?? '';
    const all = await dead('retry', '--all');
    expect(all).toMatchObject({ code: 1, out: `Queued the conversion ${id} again.\n` });
    expect(all.err.trimEnd().split('\n')).toEqual([
      `The conversion ${done} is queued. There is nothing to retry. To remove the dead letter: soundlift dead drop ${done}`,
      'There is no such conversion. There is nothing to retry. To remove the dead letter: soundlift dead drop names nothing',
      `The dead letter ${garbage} names no conversion, so there is nothing to retry. To remove the dead letter: soundlift dead drop ${garbage}`,
    ]);
    expect(await dead('drop', garbage)).toMatchObject({ code: 0, out: 'Removed 1 dead letter.\n' });
    expect(await dead('drop', '--all')).toMatchObject({ code: 0, out: 'Removed 2 dead letters.\n' });
    expect(await dead('drop', '--all')).toMatchObject({ code: 0, out: 'There are no dead letters.\n' });
  });

  it('needs its settings and both servers', async () => {
    const { MONGODB_URL: _mongo, ...noMongo } = environment;
    const { RABBITMQ_URL: _rabbit, ...noRabbit } = environment;
    const open = (settings: NodeJS.ProcessEnv) => openDeadLetters(parseConfig(settings), log);
    await expect(open(noMongo)).rejects.toMatchObject({ code: 'invalid', message: 'MONGODB_URL must be set.' });
    await expect(open(noRabbit)).rejects.toMatchObject({ code: 'invalid', message: 'RABBITMQ_URL must be set.' });
    await using away = await open({ ...environment, RABBITMQ_URL: 'amqp://127.0.0.1:1' });
    await expect(away.list()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
