import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { type CopyingChannel, openCopyingChannel } from '../tests/copying-channel.ts';
import { type ConversionRun, type RunEvent, type RunSummary, runConversions } from './convert-run.ts';
import { type FoundSource, findSources } from './find-sources.ts';
import { createLocalBackend } from './local-backend.ts';
import type { OverallProgress } from './overall-progress.ts';

let root: string;
const never = new AbortController().signal;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'soundlift-run-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function makeSources(...names: readonly string[]): Promise<readonly FoundSource[]> {
  const sources: FoundSource[] = [];
  for (const name of names) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), `the bytes of ${name}`);
  }
  for await (const finding of findSources([root], never)) {
    if (finding.kind === 'found') sources.push(finding.source);
  }
  return sources;
}

interface Ran {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  readonly progress: readonly OverallProgress[];
}

async function run(
  channel: CopyingChannel,
  sources: readonly FoundSource[],
  changes: Partial<ConversionRun> = {},
  signal = never,
): Promise<Ran> {
  const events: RunEvent[] = [];
  const progress: OverallProgress[] = [];
  const summary = await runConversions(
    {
      backend: createLocalBackend(channel),
      sources,
      options: { format: 'mp3' },
      overwrite: false,
      forgetEnded: true,
      atOnce: 4,
      onDefect: (error) => expect.unreachable(String(error)),
      ...changes,
      onEvent(event) {
        events.push(event);
        changes.onEvent?.(event);
      },
      onProgress(one) {
        progress.push(one);
        changes.onProgress?.(one);
      },
    },
    signal,
  );
  expect(channel.listeners()).toBe(0);
  return { summary, events, progress };
}

function of<Type extends RunEvent['type']>(
  type: Type,
  events: readonly RunEvent[],
): readonly Extract<RunEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}

describe('a run', () => {
  it('saves each result next to its source, reports it, and leaves nothing on the backend', async () => {
    await using channel = await openCopyingChannel();
    const sources = await makeSources('a.mp4', 'sub/b.mkv');
    const { summary, events } = await run(channel, sources);
    expect(summary).toEqual({ saved: 2, failed: 0 });
    expect(await readFile(path.join(root, 'a.mp3'), 'utf8')).toBe('the bytes of a.mp4');
    expect(await readFile(path.join(root, 'sub/b.mp3'), 'utf8')).toBe('the bytes of sub/b.mkv');
    expect(of('saved', events).map(({ source, target, bytes }) => ({ source, target, bytes }))).toEqual(
      expect.arrayContaining([
        { source: path.join(root, 'a.mp4'), target: path.join(root, 'a.mp3'), bytes: 18 },
        { source: path.join(root, 'sub/b.mkv'), target: path.join(root, 'sub/b.mp3'), bytes: 22 },
      ]),
    );
    expect([channel.conversions.size, await channel.kept()]).toEqual([0, []]);
  });

  it('submits everything as one batch', async () => {
    await using channel = await openCopyingChannel();
    await run(channel, await makeSources('a.mp4', 'b.mp4', 'c.mp4'));
    expect(new Set(channel.submissions.map(({ batchId }) => batchId)).size).toBe(1);
    expect(channel.submissions.map(({ batchSize }) => batchSize)).toEqual([3, 3, 3]);
  });

  it('keeps the folder structure below an output folder, and both of two files with the same name', async () => {
    await using channel = await openCopyingChannel();
    const outputFolder = path.join(root, 'out', 'put');
    const sources = await makeSources('sub/a.mp4', 'sub/deep/a.mp4', 'sub/a.mkv');
    await run(channel, sources, { outputFolder });
    expect((await readdir(outputFolder, { recursive: true })).sort()).toEqual(
      ['sub', 'sub/a (1).mp3', 'sub/a.mp3', 'sub/deep', 'sub/deep/a.mp3'].map(path.normalize),
    );
    // The first source gets the plain name, whichever is done first.
    expect(await readFile(path.join(outputFolder, 'sub/a.mp3'), 'utf8')).toBe('the bytes of sub/a.mkv');
  });

  it('reports each failure with its source, and continues', async () => {
    await using channel = await openCopyingChannel((name) => (name === 'bad.mp4' ? 'failed' : 'done'));
    const { summary, events } = await run(channel, await makeSources('a.mp4', 'bad.mp4', 'c.mp4'));
    expect(summary).toEqual({ saved: 2, failed: 1 });
    expect(of('failed', events)).toEqual([
      { type: 'failed', source: path.join(root, 'bad.mp4'), code: 'not_media', message: 'This is no video.' },
    ]);
  });

  it('reports conversions that somebody else cancelled or removed', async () => {
    await using channel = await openCopyingChannel((name) => (name === 'a.mp4' ? 'cancelled' : 'converting'));
    const { events } = await run(channel, await makeSources('a.mp4', 'b.mp4'), {
      onEvent(event) {
        if (event.type === 'progress' && channel.conversions.get(event.id)?.fileName === 'b.mp4') {
          void channel.remove(event.id);
        }
      },
    });
    expect(
      of('failed', events)
        .map(({ code }) => code)
        .sort(),
    ).toEqual(['cancelled', 'not_found']);
  });

  it('fails a source before converting it when its folder is not writable', async () => {
    await using channel = await openCopyingChannel();
    const sources = await makeSources('a.mp4');
    const { events } = await run(channel, sources, { outputFolder: path.join(root, 'a.mp4', 'below') });
    expect(of('failed', events)).toMatchObject([{ code: 'target_unwritable' }]);
    expect(channel.submissions).toEqual([]);
  });

  it('leaves finished conversions on a backend that keeps them', async () => {
    await using channel = await openCopyingChannel();
    await run(channel, await makeSources('a.mp4'), { forgetEnded: false });
    expect(channel.conversions.size).toBe(1);
  });

  it('ignores the conversions of others on the same backend', async () => {
    await using channel = await openCopyingChannel();
    const [source] = await makeSources('a.mp4');
    if (source === undefined) throw new Error('no source');
    const { events } = await run(channel, [source], {
      onEvent(event) {
        if (event.type === 'progress')
          void channel.submit({ ...source, id: 'another', options: { format: 'mp3' }, batchId: 'other' });
      },
    });
    expect(new Set(of('conversion', events).map(({ conversion }) => conversion.id)).size).toBe(1);
    expect(of('removed', events)).toEqual([]);
  });
});

describe('a run over 5,000 files', () => {
  it('has only a few in progress at a time, and a progress that never decreases and ends at 1', async () => {
    await using channel = await openCopyingChannel((name) => (name.endsWith('00.mp4') ? 'done' : 'failed'));
    const names = Array.from({ length: 5000 }, (_, index) => path.join(`${index % 10}`, `${index}.mp4`));
    let ended = 0;
    const { summary, progress } = await run(channel, await makeSources(...names), {
      atOnce: 6,
      onEvent({ type }) {
        if (type === 'saved' || type === 'failed') ended += 1;
      },
      onProgress({ fraction }) {
        expect(fraction === 1).toBe(ended === 5000);
      },
    });
    expect(summary.saved).toBeGreaterThan(0);
    expect(summary.saved + summary.failed).toBe(5000);
    expect(channel.mostActive).toBeLessThanOrEqual(6);
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
    expect([fractions[0], fractions.at(-1)]).toEqual([expect.closeTo(0, 2), 1]);
  });
});

describe('a run that is stopped', () => {
  it('removes conversions in progress here and on the backend, keeps saved MP3s, and starts nothing more', async () => {
    await using channel = await openCopyingChannel((name) => (name === '1.mp4' ? 'done' : 'converting'));
    const stop = new AbortController();
    const sources = await makeSources('1.mp4', '2.mp4', '3.mp4', '4.mp4', '5.mp4', '6.mp4');
    const { summary, events } = await run(
      channel,
      sources,
      {
        atOnce: 2,
        forgetEnded: false,
        onEvent(event) {
          if (event.type !== 'saved') return;
          void waitUntil('the next was handed over', () => channel.submissions.length === 3).then(() =>
            stop.abort(new Error('enough')),
          );
        },
      },
      stop.signal,
    );
    expect(summary).toEqual({ saved: 1, failed: 0 });
    expect(of('failed', events)).toEqual([]);
    expect([...channel.conversions.values()].map(({ state }) => state)).toEqual(['done']);
    expect(channel.submissions.map(({ fileName }) => fileName)).toEqual(['1.mp4', '2.mp4', '3.mp4']);
    expect((await readdir(root)).filter((name) => !name.endsWith('.mp4'))).toEqual(['1.mp3']);
  });

  it('before it starts does nothing', async () => {
    await using channel = await openCopyingChannel();
    const sources = await makeSources('1.mp4');
    expect((await run(channel, sources, {}, AbortSignal.abort())).summary).toEqual({ saved: 0, failed: 0 });
    expect(channel.submissions).toEqual([]);
  });
});
