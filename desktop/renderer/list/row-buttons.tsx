import type { ReactNode } from 'react';
import type { Row } from '../../ipc.ts';
import { type RowWords, wayOutOf } from '../../words/row-words.ts';
import { say } from '../../words/say.ts';
import { Icon } from '../shell/icon.tsx';
import { performRowRequest, useShowView } from '../shell/show-view.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { hasSound } from './row-look.ts';

/** The text button of a row without a progress line: what the person can do about it. */
export function WayOut({ id, words }: { readonly id: string; readonly words: RowWords }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const { action, title } = words;
  if (action === undefined) return null;
  const opensSheet = action.request === 'tracks' || action.request === 'details';
  return (
    <div className="way-out" role="gridcell">
      <button
        type="button"
        className="btn"
        tabIndex={-1}
        aria-label={say('listActionOf', { action: action.label, name: title })}
        {...(opensSheet ? { 'aria-haspopup': 'dialog' } : {})}
        onClick={() => performRowRequest(id, action.request, soundlift, show)}
      >
        {action.label}
      </button>
    </div>
  );
}

/** The small buttons at the end: for an MP3, those to find it; for other rows, the way out. */
export function RowActs({ row, words }: { readonly row: Row; readonly words: RowWords }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const system = useAppState((state) => state.system);
  const { action, title: name } = words;
  if (hasSound(row.state)) {
    if (action === undefined) return null;
    const opensSheet = action.request === 'details';
    return (
      <div className="acts" role="gridcell">
        <button
          type="button"
          className="icon-btn"
          tabIndex={-1}
          aria-label={say('listActionOf', { action: action.label, name })}
          title={say('listTooltip', { action: action.label, key: say('listKeyEnter') })}
          {...(opensSheet ? { 'aria-haspopup': 'dialog' } : {})}
          onClick={() => performRowRequest(row.id, action.request, soundlift, show)}
        >
          <Icon name={opensSheet ? 'info' : 'folder'} />
        </button>
      </div>
    );
  }
  const wayOut = wayOutOf(row.state);
  const key = say(system === 'macos' ? 'listKeyDeleteMac' : 'listKeyDelete');
  return (
    <div className="acts" role="gridcell">
      <button
        type="button"
        className="icon-btn"
        tabIndex={-1}
        aria-label={say(wayOut === 'cancel' ? 'listCancelOf' : 'listRemoveOf', { name })}
        title={say('listTooltip', { action: say(wayOut === 'cancel' ? 'listCancel' : 'listRemove'), key })}
        onClick={() => void soundlift[wayOut](row.id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
