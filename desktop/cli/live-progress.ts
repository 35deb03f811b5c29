import type { Writable } from 'node:stream';
import type { MultiBar } from 'cli-progress';
import type { OverallProgress } from '../client/overall-progress.ts';
import { cutToWidth, displayWidth } from './terminal-text.ts';
import { progressWords } from './words.ts';

/** Where the command line writes to: a terminal, a pipe or a file. */
export interface TextOutput extends Writable {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
}

/** What is shown of a run at one moment. */
export interface Shown extends OverallProgress {
  readonly ended: number;
  readonly total: number;
  /** What is being converted, harmless; empty for nothing. */
  readonly name: string;
}

/** Shows lines that stay, and how far it is, which does not stay on a terminal. */
export interface LiveProgress {
  /** A line for `output`, without its end. */
  line(output: TextOutput, text: string): void;
  show(shown: Shown): void;
  close(): void;
}

/** A bar at the bottom of a terminal, with the lines above it. */
export async function openProgressBar(terminal: TextOutput): Promise<LiveProgress> {
  // Loaded only where there is a terminal to draw on.
  const { MultiBar } = await import('cli-progress');
  const bars: MultiBar = new MultiBar({
    stream: terminal,
    clearOnComplete: true,
    // Lines that are written above it take its place.
    forceRedraw: true,
    // Left on: a terminal whose owner is killed would not have it put back. The line is cut to the width instead.
    linewrap: true,
    gracefulExit: false,
    format: (_options, _params, payload: Payload) => barLine(payload.shown, terminal.columns || usualColumns),
  });
  const bar = bars.create(1, 0, { shown: { fraction: 0, ended: 0, total: 1, name: '' } } satisfies Payload);

  return {
    line(output, text) {
      // Takes the bar's own line, whichever of the two outputs leads to the terminal; it is drawn again below.
      terminal.write('\r\u001b[K');
      output.write(`${text}\n`);
      bars.update();
    },
    show: (shown) => bar.update({ shown } satisfies Payload),
    close: () => bars.stop(),
  };
}

interface Payload {
  readonly shown: Shown;
}

const barWidth = 24;
/** Of a terminal that does not know, or says 0. */
const usualColumns = 80;

/** `[=====>      ] 42%  3 of 40  23x  1:05 left  talk.mp4`, as much of it as fits on one line. */
export function barLine({ fraction, ended, total, speed, etaSeconds, name }: Shown, columns: number): string {
  const words = progressWords(fraction, ended, total, speed, etaSeconds);
  // The last column stays free: some terminals go to the next line once it is written to.
  const room = columns - 1;
  const done = Math.floor(fraction * barWidth);
  const bar = `[${'='.repeat(done)}${done < barWidth ? '>' : ''}`.padEnd(barWidth + 1).slice(0, barWidth + 1);
  const withBar = `${bar}] ${words}`;
  const line = displayWidth(withBar) <= room ? withBar : words;
  const left = room - displayWidth(line) - 2;
  const label = left >= 8 ? cutToWidth(name, left) : '';
  return cutToWidth(label === '' ? line : `${line}  ${label}`, room);
}

/** How often a pipe or a file is told how far it is. */
const lineEverySeconds = 10;

/** Plain lines, now and then. `now` is monotonic, in seconds. */
export function openProgressLines(output: TextOutput, now: () => number): LiveProgress {
  let toldAt = now();
  let told = '';
  return {
    line: (to, text) => void to.write(`${text}\n`),
    show({ fraction, ended, total, speed, etaSeconds }) {
      if (now() - toldAt < lineEverySeconds) return;
      const words = progressWords(fraction, ended, total, speed, etaSeconds).trim();
      toldAt = now();
      if (words !== told) output.write(`${words}\n`);
      told = words;
    },
    close() {},
  };
}

/** For those who read JSON: nothing but the lines. */
export function withoutProgress(): LiveProgress {
  return { line: (to, text) => void to.write(`${text}\n`), show() {}, close() {} };
}
