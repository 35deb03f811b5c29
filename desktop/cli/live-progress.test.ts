import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { barLine, openProgressBar, type Shown, type TextOutput, withoutProgress } from './live-progress.ts';
import { displayWidth } from './terminal-text.ts';

const shown: Shown = { fraction: 0.42, ended: 3, total: 40, speed: 23.4, etaSeconds: 65, name: 'talk.mp4' };

function output(facts: Pick<TextOutput, 'isTTY' | 'columns'> = {}) {
  const stream = Object.assign(new PassThrough(), facts);
  return Object.assign(stream, { text: () => String(stream.read() ?? '') });
}

const escape = '\u001b';

/** The lines that a terminal shows after these writes. Knows only the control sequences that are used here. */
function screen(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let column = 0;
  for (const [part] of text.matchAll(new RegExp(`${escape}\\[[0-9;?]*[A-Za-z]|[\r\n]|[^${escape}\r\n]+`, 'g'))) {
    if (part === '\n') {
      lines.push(line);
      line = '';
      column = 0;
    } else if (part === '\r' || part === `${escape}[1G`) column = 0;
    else if (/\[0?[KJ]$/.test(part)) line = line.slice(0, column);
    else if (part.startsWith(escape)) expect.unreachable(JSON.stringify(part));
    else {
      line = line.slice(0, column) + part + line.slice(column + part.length);
      column += part.length;
    }
  }
  return [...lines, line];
}

describe('the bar', () => {
  it('shows progress, speed, time left and name', () => {
    expect(barLine(shown, 100)).toBe('[==========>             ]  42%  3 of 40  23x  1:05 left  talk.mp4');
    expect(barLine({ fraction: 1, ended: 1, total: 1, name: '' }, 80)).toBe('[========================] 100%');
  });

  it('fits on one line of any width, with any name', () => {
    for (let columns = 1; columns <= 200; columns += 1) {
      for (const name of ['talk.mp4', '日本語の映画'.repeat(10), '👩‍👩‍👧'.repeat(30), 'cafe\u0301'.repeat(30)]) {
        const line = barLine({ ...shown, name }, columns);
        expect(displayWidth(line)).toBeLessThan(columns);
        // cli-progress cuts after this many UTF-16 units, even within a character.
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('stays below the written lines, and is removed at the end', async () => {
    const terminal = output({ isTTY: true, columns: 80 });
    const progress = await openProgressBar(terminal);
    progress.show(shown);
    progress.line(terminal, 'one.mp4 -> one.mp3');
    progress.line(terminal, 'two.mp4: This is no video.');
    progress.show({ ...shown, fraction: 0.5 });
    progress.line(terminal, 'three.mp4 -> three.mp3');
    const during = terminal.text();
    expect(screen(during)).toEqual([
      'one.mp4 -> one.mp3',
      'two.mp4: This is no video.',
      'three.mp4 -> three.mp3',
      expect.stringContaining('50%') as string,
    ]);
    progress.close();
    expect(screen(during + terminal.text()).at(-1)).toBe('');
  });
});

describe('a pipe or a file', () => {
  it('is given the lines, and no progress or control characters', () => {
    const pipe = output();
    const progress = withoutProgress();
    progress.show(shown);
    progress.line(pipe, 'one.mp4 -> one.mp3');
    progress.show({ ...shown, fraction: 1 });
    progress.close();
    expect(pipe.text()).toBe('one.mp4 -> one.mp3\n');
  });
});
