import { assertNever } from '../../shared/errors.ts';
import { durationWords, leftDuration, roundLeft, sizeWords, spokenDuration } from '../../shared/words/measures.ts';
import type { Summary } from '../ipc.ts';
import { say } from './say.ts';

/** The line above the list. */
export interface SummaryWords {
  readonly title: string;
  readonly detail?: string;
}

export function summaryWords(summary: Summary): SummaryWords {
  const { mode, done, total, finishing, leftSeconds, savedSeconds, savedBytes } = summary;
  switch (mode) {
    case 'working': {
      const title = say('listDoneOf', { done, total });
      return leftSeconds === undefined
        ? { title }
        : { title, detail: say('listAboutLeft', { time: leftDuration(leftSeconds) }) };
    }
    case 'paused':
      return { title: pausedWords(finishing), detail: say('listDoneOf', { done, total }) };
    case 'offline':
      return { title: say('listNoConnection'), detail: say('listByItself') };
    case 'finished':
    case 'empty': {
      const title = say('listSoundsSaved', { done });
      if (done === 0) return { title };
      const values = { duration: durationWords(savedSeconds), size: sizeWords(savedBytes) };
      return { title, detail: say('listSavedAmount', values) };
    }
    default:
      return assertNever(mode);
  }
}

/** @param finishing how many go on although the list is paused */
export function pausedWords(finishing: number | undefined): string {
  return finishing === undefined ? say('listAllPaused') : say('listPausing', { finishing });
}

/** The overall progress, for a screen reader: `1 of 7 done, about 4 minutes left`, `6 MP3s saved, 1 failed`. */
export function spokenSummary(summary: Summary): string {
  const { mode, done, total, failed, leftSeconds } = summary;
  if (mode === 'finished' || mode === 'empty') {
    const saved = say('listSoundsSaved', { done });
    return failed === 0 ? saved : say('listSpokenFailed', { summary: saved, failed });
  }
  const working = say('listSpokenWorking', { done, total });
  if (leftSeconds === undefined || mode !== 'working') return working;
  return say('listSpokenLeft', { summary: working, time: spokenDuration(roundLeft(leftSeconds)) });
}
