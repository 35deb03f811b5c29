import type { Cost } from './measure.ts';

/** A row of the benchmark: something that we owe, or that is good to know. */
export interface Row {
  /** As `npm run bench -- NAME` has it. */
  readonly name: string;
  readonly what: string;
  readonly against: string;
  /** What is owed, in words; none where it is only printed. */
  readonly owed?: string;
  /** @param folder an empty one, for files; gone afterwards. */
  measure(folder: string): Promise<Figures>;
}

/** What was measured. */
export interface Figures {
  readonly ours?: Cost;
  readonly peer?: Cost;
  /** Whether what is owed holds; undefined where nothing is. */
  readonly holds?: boolean;
  /** What the two costs do not tell. */
  readonly notes?: readonly string[];
}

/** How often each side is measured. */
export const rounds = 5;
