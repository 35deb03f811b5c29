import type { ReactNode } from 'react';
import { assertNever } from '../../../shared/errors.ts';
import type { SaveTo } from '../../ipc.ts';
import { folderText } from '../../words/folder-text.ts';
import { say } from '../../words/say.ts';
import { shortcutWords } from '../../words/shortcut-words.ts';
import { Motif } from '../shell/motif.tsx';
import { useAppState, useSoundlift } from '../store/app-store.ts';

/** The page while the list is empty. */
export function EmptyPage(): ReactNode {
  const soundlift = useSoundlift();
  const system = useAppState((state) => state.system);
  const saveTo = useAppState((state) => state.settings.saveTo);
  return (
    <main className="middle">
      <Motif />
      <h1>{say('listEmptyTitle')}</h1>
      <p>{emptySentence(saveTo)}</p>
      <button
        type="button"
        className="btn primary big"
        title={shortcutWords(system, 'O')}
        onClick={() => void soundlift.chooseVideos()}
      >
        {say('listChooseVideosDots')}
      </button>
    </main>
  );
}

function emptySentence(saveTo: SaveTo): string {
  switch (saveTo.kind) {
    case 'beside':
      return say('listEmptyBeside');
    case 'folder':
      return say('listEmptyFolder', { folder: folderText(saveTo.folder) });
    case 'ask':
      return say('listEmptyAsk');
    default:
      return assertNever(saveTo);
  }
}
