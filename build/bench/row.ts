import type { Cost } from './measure.ts';

/** A row of the benchmark: a figure with a limit, or one that is only printed. */
export interface Row {
  /** The NAME of `npm run bench -- NAME`. */
  readonly name: string;
  readonly what: string;
  readonly against: string;
  /** The limit, in words; undefined if the figure is only printed. */
  readonly limit?: string;
  /** @param folder an empty folder for files; it is removed afterwards */
  measure(folder: string): Promise<Figures>;
}

/** What was measured. */
export interface Figures {
  readonly ours?: Cost;
  readonly peer?: Cost;
  /** Whether the limit holds; undefined if there is none. */
  readonly holds?: boolean;
  /** A note on what the two costs do not show. */
  readonly notes?: readonly string[];
}

/** How often each side is measured. */
export const rounds = 5;
