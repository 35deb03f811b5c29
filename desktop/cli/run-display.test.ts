import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Conversion } from '../../shared/api.ts';
import type { RunEvent } from '../client/convert-run.ts';
import { type Shown, withoutProgress } from './live-progress.ts';
import { createRunDisplay } from './run-display.ts';

const home = path.resolve('/home/me');

function open(json: boolean, total: number, quiet = false) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const shown: Shown[] = [];
  const live = { ...withoutProgress(), show: (one: Shown) => void shown.push(one) };
  const display = createRunDisplay({ live, stdout, stderr, json, quiet, onServer: false, currentFolder: home, total });
  const told = () => ({ out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') });
  return { ...display, shown, told };
}

function conversion(changes: Partial<Conversion>): RunEvent {
  const time = '2030-01-01T00:00:00.000Z';
  const whole: Conversion = {
    id: 'c1',
    revision: 1,
    state: 'queued',
    fileName: 'talk.mp4',
    sourceBytes: 1,
    progress: 0,
    attempt: 1,
    options: { format: 'mp3' },
    warnings: [],
    createdAt: time,
    updatedAt: time,
    ...changes,
  };
  return { type: 'conversion', conversion: whole };
}

const result = { fileName: 'talk.mp3', bytes: 240_000, durationSeconds: 12.9, sha256: '00' };
const saved: RunEvent = {
  type: 'saved',
  id: 'c1',
  source: path.join(home, 'talk.mp4'),
  target: path.join(home, 'talk.mp3'),
  bytes: 240_000,
};
const failed: RunEvent = {
  type: 'failed',
  source: path.resolve('/films/bad\u001b[2J.mp4'),
  code: 'not_media',
  message: 'This is a text.',
};

describe('a run that is shown to a person', () => {
  it('writes each MP3 to standard output, with paths relative to the current folder', () => {
    const { event, told } = open(false, 1);
    event(conversion({ state: 'done', result }));
    event(saved);
    expect(told()).toEqual({ out: 'talk.mp4 -> talk.mp3 (0:13, 240 kB)\n', err: '' });
  });

  it('writes each failure to standard error, with its file, its reason and advice, and without control characters', () => {
    const { event, told } = open(false, 1);
    event(failed);
    const { out, err } = told();
    expect(out).toBe('');
    expect(err).toMatch(/^\S*bad\\u\{1b\}\[2J\.mp4: This is a text\. \S.*\n$/);
  });

  it('shows what was given as an address as it was typed', () => {
    const { event, told } = open(false, 1);
    event({ ...failed, source: 'https://example.org/a.mp4' });
    expect(told().err).toMatch(/^https:\/\/example\.org\/a\.mp4: /);
  });

  it('writes only failures and warnings if it shall be quiet', () => {
    const { event, end, told } = open(false, 2, true);
    event(conversion({ state: 'done', result, warnings: [{ code: 'cut_short', atSeconds: 12.9, ofSeconds: 28.4 }] }));
    event(saved);
    event(failed);
    end(1, false);
    const { out, err } = told();
    expect(out).toBe('');
    expect(err).toMatch(/^talk\.mp4: The video breaks off.*\n\S*bad\S*: This is a text\. .*\n$/);
  });

  it('writes warnings to standard error', () => {
    const { event, told } = open(false, 1);
    event(conversion({ state: 'done', result, warnings: [{ code: 'cut_short', atSeconds: 12.9, ofSeconds: 28.4 }] }));
    event(saved);
    expect(told().err).toMatch(/^talk\.mp4: The video breaks off at 0:13 of 0:28\. /);
  });

  it('writes the message of an unknown warning, without control characters', () => {
    const { event, told } = open(false, 1);
    event(conversion({ state: 'done', result, warnings: [{ code: 'too_loud', message: 'It \u001b[2J grows.' }] }));
    event(saved);
    expect(told().err).toBe('talk.mp4: It \\u{1b}[2J grows.\n');
  });

  it('counts the ended videos, and names the one that is being converted', () => {
    const { event, progress, shown } = open(false, 3);
    event(conversion({ id: 'c1', state: 'converting', fileName: 'one\n.mp4' }));
    event(conversion({ id: 'c2', state: 'converting', fileName: 'two.mp4' }));
    progress({ fraction: 0.1 });
    event(conversion({ id: 'c1', state: 'done', result }));
    event(saved);
    event(failed);
    progress({ fraction: 0.2, speed: 20 });
    expect(shown).toEqual([
      { fraction: 0.1, ended: 0, total: 3, name: 'one\\n.mp4' },
      { fraction: 0.2, speed: 20, ended: 2, total: 3, name: 'two.mp4' },
    ]);
  });

  it('writes a summary if there were several videos', () => {
    const { end, told } = open(false, 3);
    end(2, false);
    expect(told()).toEqual({ out: '2 of 3 were converted.\n', err: '' });
    end(1, true);
    expect(told()).toEqual({ out: '', err: 'Stopped; 1 of 3 were converted.\n' });
  });
});

describe('a run that is shown to a program', () => {
  it('writes every event as one line of JSON, and failures also as text', () => {
    const { event, end, told } = open(true, 2);
    const events = [conversion({ state: 'done', result }), saved, failed];
    for (const one of events) event(one);
    end(1, false);
    const { out, err } = told();
    expect(out.endsWith('\n')).toBe(true);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events);
    expect(err).toMatch(/bad.*This is a text/);
  });
});
