import type { ReactNode } from 'react';
import { assertNever } from '../../../shared/errors.ts';
import type { Summary } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { summaryWords } from '../../words/summary-words.ts';
import { Icon } from '../shell/icon.tsx';
import { useAppState, useAppStore, useSoundlift } from '../store/app-store.ts';

/** The line above the list: overall progress, failures, and a button for the whole list. */
export function SummaryLine({ onPick }: { readonly onPick: (id: string) => void }): ReactNode {
  const summary = useAppState((state) => state.summary);
  const store = useAppStore();
  const { title, detail } = summaryWords(summary);

  function pickFailed(): void {
    const { order, rows } = store.get();
    const failed = order.find((id) => rows.get(id)?.state.kind === 'failed');
    if (failed !== undefined) onPick(failed);
  }

  return (
    <header className="summary">
      <h1>{title}</h1>
      {detail !== undefined && <p>{detail}</p>}
      {summary.failed > 0 && (
        <button type="button" className="link fail" title={say('listShowFailed')} onClick={pickFailed}>
          {say('listFailedCount', { failed: summary.failed })}
        </button>
      )}
      <div className="push">
        <SummaryButton mode={summary.mode} />
      </div>
    </header>
  );
}

function SummaryButton({ mode }: { readonly mode: Summary['mode'] }): ReactNode {
  const soundlift = useSoundlift();
  switch (mode) {
    case 'working':
      return (
        <button type="button" className="btn plain" onClick={() => void soundlift.pauseAll()}>
          <Icon name="pause" />
          {say('listPauseAll')}
        </button>
      );
    case 'paused':
      return (
        <button type="button" className="btn plain" onClick={() => void soundlift.continueAll()}>
          <Icon name="play" />
          {say('listContinueAll')}
        </button>
      );
    case 'offline':
      return (
        <button type="button" className="btn plain" onClick={() => void soundlift.tryNow()}>
          <Icon name="retry" />
          {say('listTryNow')}
        </button>
      );
    case 'finished':
    case 'empty':
      return (
        <button
          type="button"
          className="btn plain"
          title={say('listClearTooltip')}
          onClick={() => void soundlift.clearFinished()}
        >
          {say('listClear')}
        </button>
      );
    default:
      return assertNever(mode);
  }
}
