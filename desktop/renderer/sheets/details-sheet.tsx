import { type ReactNode, useCallback } from 'react';
import { failureSentence, warningSentence } from '../../../shared/words/failure-sentence.ts';
import type { RowDetails } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { useRow, useSoundlift } from '../store/app-store.ts';
import { Sheet } from './sheet.tsx';
import { useAnswer } from './use-answer.ts';

/** Shows what is known about a failure or a warning of a row. */
export function DetailsSheet({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const row = useRow(id);
  const details = useAnswer(useCallback(() => soundlift.details(id), [soundlift, id]));

  const hasFailed = row?.state.kind === 'failed';
  return (
    <Sheet title={titleOf(details, row?.state.kind === 'failed' ? row.state.host : undefined)} onClose={onClose}>
      {hasFailed && details?.code === 'converter_failed' && <p className="quiet">{say('settingsDetailsConverter')}</p>}
      {(details?.warnings.length ?? 0) > 0 && <p className="quiet">{say('settingsDetailsWarned')}</p>}
      {/* Focusable, so that it can be scrolled with keys. */}
      <pre tabIndex={0}>{details?.report ?? ''}</pre>
      <footer>
        <button type="button" className="btn" onClick={() => void soundlift.copyText(reportOf(details))}>
          {say('settingsCopy')}
        </button>
        {details?.canRetry === true && (
          <button
            type="button"
            className="btn"
            onClick={() => {
              void soundlift.retry(id);
              onClose();
            }}
          >
            {say('settingsRetry')}
          </button>
        )}
        <button type="button" className="btn primary" autoFocus onClick={onClose}>
          {say('settingsClose')}
        </button>
      </footer>
    </Sheet>
  );
}

/** What is copied: the code says more to a developer than to the person who reads the rest. */
function reportOf(details: RowDetails | null | undefined): string {
  const { report = '', code } = details ?? {};
  return code === undefined ? report : `${report}\n${code}`;
}

function titleOf(details: RowDetails | null | undefined, host: string | undefined): string {
  if (details?.code !== undefined) {
    const { code, message = '' } = details;
    return withoutStop(failureSentence({ code, message, details: details.details }, host));
  }
  const [warning] = details?.warnings ?? [];
  return warning === undefined ? say('settingsDetails') : withoutStop(warningSentence(warning));
}

/** Removes the full stop, because a title ends without one. */
function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
