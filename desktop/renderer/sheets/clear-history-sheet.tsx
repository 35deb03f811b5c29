import type { ReactNode } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import { say } from '../../words/say.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Sheet } from './sheet.tsx';

/** Asks before the history is cleared, because that cannot be undone. */
export function ClearHistorySheet({
  total,
  onClose,
}: {
  readonly total: number;
  readonly onClose: () => void;
}): ReactNode {
  const soundlift = useSoundlift();
  const backend = useAppState((state) => state.backend);
  const reason =
    backend.kind === 'server'
      ? say('historyClearThere', { total, host: isolate(backend.host) })
      : say('historyClearHere', { total });
  return (
    <Sheet title={say('historyClearTitle')} reason={reason} alert onClose={onClose}>
      <footer>
        <button type="button" className="btn" autoFocus onClick={onClose}>
          {say('historyKeep')}
        </button>
        <button
          type="button"
          className="btn danger"
          onClick={() => {
            void soundlift.clearHistory();
            onClose();
          }}
        >
          {say('historyClearYes')}
        </button>
      </footer>
    </Sheet>
  );
}
