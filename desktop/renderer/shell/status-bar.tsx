import { type ReactNode, useEffect, useState } from 'react';
import type { BackendStatus } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { backendStatusWords, qualityName, saveToName } from '../../words/setting-words.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Icon } from './icon.tsx';
import { useShowView } from './show-view.ts';
import { useToggle } from './use-toggle.ts';

export interface StatusBarProps {
  readonly qualityOpen: boolean;
  readonly onQuality: (open: boolean) => void;
}

/** The bar at the bottom: the quality of the next videos, the folder for their MP3s, and the backend. */
export function StatusBar({ qualityOpen, onQuality }: StatusBarProps): ReactNode {
  const soundlift = useSoundlift();
  const quality = useAppState((state) => state.settings.quality);
  const saveTo = useAppState((state) => state.settings.saveTo);
  const toggleQuality = useToggle(qualityOpen, onQuality);
  const qualityWords = qualityName(quality);
  const saveWords = saveToName(saveTo);
  return (
    <footer className="status">
      <button
        type="button"
        className="btn plain"
        aria-label={say('listQualityNamed', { name: qualityWords })}
        title={say('listQualityTooltip')}
        aria-haspopup="dialog"
        aria-expanded={qualityOpen}
        {...toggleQuality}
      >
        <Icon name="tune" />
        {qualityWords}
        <Icon name="down" />
      </button>
      <button
        type="button"
        className="btn plain optional"
        aria-label={say('listSaveNamed', { name: saveWords })}
        title={say('listSaveTooltip')}
        aria-haspopup="menu"
        onClick={() => void soundlift.saveMenu()}
      >
        <Icon name="folder" />
        <span className="cut">{saveWords}</span>
        <Icon name="down" />
      </button>
      <BackendLine />
    </footer>
  );
}

function BackendLine(): ReactNode {
  const backend = useAppState((state) => state.backend);
  const show = useShowView();
  const now = useSeconds(backend);
  const words = backendStatusWords(backend, now);
  if (words === undefined) return null;
  return (
    <span className="backend" title={words.text}>
      <i className={words.ready ? 'dot' : 'dot off'} />
      <span className="cut">{words.text}</span>
      {backend.kind === 'server' && backend.connection === 'signed_out' && (
        <button type="button" className="link" onClick={() => show({ kind: 'welcome' })}>
          {say('listSignIn')}
        </button>
      )}
    </span>
  );
}

/** The time in milliseconds since 1970. Updated each second while a next try is due and the window is visible. */
function useSeconds(backend: BackendStatus): number {
  const [now, setNow] = useState(Date.now);
  const nextTryAt = backend.kind === 'server' && backend.connection === 'offline' ? backend.nextTryAt : undefined;
  useEffect(() => {
    if (nextTryAt === undefined) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    }, 1000);
    return () => clearInterval(timer);
  }, [nextTryAt]);
  return now;
}
