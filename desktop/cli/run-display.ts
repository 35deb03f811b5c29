import path from 'node:path';
import type { Conversion } from '../../shared/api.ts';
import type { RunEvent } from '../client/convert-run.ts';
import type { OverallProgress } from '../client/overall-progress.ts';
import { failureWords } from './failure-words.ts';
import type { LiveProgress, TextOutput } from './live-progress.ts';
import { harmless, harmlessJson } from './terminal-text.ts';
import { savedWords, stoppedWords, summaryWords, warningWords } from './words.ts';

/** Shows a run of conversions to a person or to a program. */
export interface RunDisplay {
  event(event: RunEvent): void;
  progress(progress: OverallProgress): void;
  /** Shows an error that should not happen, with everything that helps to fix it. */
  defect(error: unknown): void;
  /** Shows how the run ended. */
  end(saved: number, stopped: boolean): void;
}

export interface RunDisplayOptions {
  readonly live: LiveProgress;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Write every event as a line of JSON instead of text. */
  readonly json: boolean;
  /** Show only failures and warnings. Events are written all the same. */
  readonly quiet: boolean;
  /** Whether a server converts. */
  readonly onServer: boolean;
  /** Paths below this folder are shown relative to it. */
  readonly currentFolder: string;
  /** The number of sources, including those that failed before the run. */
  readonly total: number;
}

/** Results go to standard output, failures and warnings to standard error. */
export function createRunDisplay(options: RunDisplayOptions): RunDisplay {
  const { live, stdout, stderr, json, quiet, onServer, currentFolder, total } = options;
  /** Conversions that were shown and are not saved yet. */
  const conversions = new Map<string, Conversion>();
  let ended = 0;

  function shown(file: string): string {
    if (!path.isAbsolute(file)) return harmless(file);
    const relative = path.relative(currentFolder, file);
    const below = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
    return harmless(below ? relative : file);
  }

  function fail(source: string, code: string, message: string): void {
    live.line(stderr, `${shown(source)}: ${harmless(failureWords({ code, message }, 'convert', onServer))}`);
  }

  function note(conversion: Conversion): void {
    const { id, state } = conversion;
    if (state === 'converting' || state === 'done') conversions.set(id, conversion);
    else conversions.delete(id);
  }

  return {
    event(event) {
      if (json) live.line(stdout, harmlessJson(event));
      if (event.type === 'conversion') note(event.conversion);
      if (event.type === 'removed') for (const id of event.ids) conversions.delete(id);
      if (event.type === 'failed') {
        ended += 1;
        fail(event.source, event.code, event.message);
      }
      if (event.type === 'saved') {
        ended += 1;
        const { id, source, target, bytes } = event;
        const conversion = conversions.get(id);
        conversions.delete(id);
        if (!json && !quiet)
          live.line(stdout, savedWords(shown(source), shown(target), conversion?.result?.durationSeconds, bytes));
        for (const warning of conversion?.warnings ?? []) {
          live.line(stderr, `${shown(source)}: ${harmless(warningWords(warning))}`);
        }
      }
    },

    progress(progress) {
      const converting = conversions.values().find(({ state }) => state === 'converting');
      live.show({ ...progress, ended, total, name: harmless(converting?.fileName ?? '') });
    },

    defect(error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      for (const line of text.split('\n')) live.line(stderr, harmless(line));
    },

    end(saved, stopped) {
      if (stopped) live.line(stderr, stoppedWords(saved, total));
      else if (!json && !quiet && total > 1) live.line(stdout, summaryWords(saved, total));
    },
  };
}
