import type { Writable } from 'node:stream';
import type { MultiBar } from 'cli-progress';
import type { OverallProgress } from '../client/overall-progress.ts';
import { cutToWidth, displayWidth } from './terminal-text.ts';
import { progressWords } from './words.ts';

/** The output of the command line: a terminal, a pipe or a file. */
export interface TextOutput extends Writable {
  readonly isTTY?: boolean;
  /** The width of a terminal. */
  readonly columns?: number;
}

/** The state of a run, to be shown. */
export interface Shown extends OverallProgress {
  readonly ended: number;
  readonly total: number;
  /** The name of what is being converted, safe for a terminal. Empty for nothing. */
  readonly name: string;
}

/** Shows lines that stay, and on a terminal the progress, which it redraws. */
export interface LiveProgress {
  /** Writes a line to `output`. `line` has no line end. */
  line(output: TextOutput, text: string): void;
  show(shown: Shown): void;
  close(): void;
}

/** Shows a bar at the bottom of a terminal, and the lines above it. */
export async function openProgressBar(terminal: TextOutput): Promise<LiveProgress> {
  // Loaded only when there is a terminal to draw on.
  const { MultiBar } = await import('cli-progress');
  const bars: MultiBar = new MultiBar({
    stream: terminal,
    clearOnComplete: true,
    // A line overwrites the bar, which is drawn again below it.
    forceRedraw: true,
    // Wrapping stays on: a killed process could not turn it on again. The line is cut to the width instead.
    linewrap: true,
    gracefulExit: false,
    format: (_options, _params, payload: Payload) => barLine(payload.shown, terminal.columns || usualColumns),
  });
  const bar = bars.create(1, 0, { shown: { fraction: 0, ended: 0, total: 1, name: '' } } satisfies Payload);

  return {
    line(output, text) {
      // Clears the bar's line, whichever output leads to the terminal. The bar is drawn again below.
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
/** The width of a terminal that reports none, or 0. */
const usualColumns = 80;

/** `[=====>      ] 42%  3 of 40  23x  1:05 left  talk.mp4`, cut to one line. */
export function barLine({ fraction, ended, total, speed, etaSeconds, name }: Shown, columns: number): string {
  const words = progressWords(fraction, ended, total, speed, etaSeconds);
  // The last column stays free: some terminals wrap once it is written to.
  const room = columns - 1;
  const done = Math.floor(fraction * barWidth);
  const bar = `[${'='.repeat(done)}${done < barWidth ? '>' : ''}`.padEnd(barWidth + 1).slice(0, barWidth + 1);
  const withBar = `${bar}] ${words}`;
  const line = displayWidth(withBar) <= room ? withBar : words;
  const left = room - displayWidth(line) - 2;
  const label = left >= 8 ? cutToWidth(name, left) : '';
  return cutToWidth(label === '' ? line : `${line}  ${label}`, room);
}

/** For a pipe, a file or JSON output: only the lines, no progress. */
export function withoutProgress(): LiveProgress {
  return { line: (to, text) => void to.write(`${text}\n`), show() {}, close() {} };
}
