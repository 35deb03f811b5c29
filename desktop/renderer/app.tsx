import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { assertNever } from '../../shared/errors.ts';
import type { Page, View } from '../ipc.ts';
import { HistoryPage } from './history/history-page.tsx';
import { NowPage } from './list/now-page.tsx';
import type { WantedRow } from './list/use-row-focus.ts';
import { NoticesPopover } from './notices/notices-popover.tsx';
import { QualityPopover } from './quality/quality-popover.tsx';
import { SettingsPage } from './settings/settings-page.tsx';
import { DetailsSheet } from './sheets/details-sheet.tsx';
import { TrackSheet } from './sheets/track-sheet.tsx';
import { Announcer } from './shell/announcer.tsx';
import { DropOverlay } from './shell/drop-overlay.tsx';
import { ShowViewContext } from './shell/show-view.ts';
import { StatusBar } from './shell/status-bar.tsx';
import { Toolbar } from './shell/toolbar.tsx';
import { useReturnFocus } from './shell/use-return-focus.ts';
import { useWindowKeys } from './shell/use-window-keys.ts';
import { usePlayer } from './sound/player.ts';
import { useAppState, useAppStore } from './store/app-store.ts';
import { Toasts } from './toasts/toasts.tsx';
import { WelcomePage } from './welcome/welcome-page.tsx';

/** What is shown over the page, one thing at a time. */
type Over = { readonly kind: 'notices' | 'quality' } | { readonly kind: 'details' | 'tracks'; readonly id: string };

/** The window: a page, what is shown over it, and what is always there. */
export function App(): ReactNode {
  const store = useAppStore();
  const player = usePlayer();
  const first = useAppState((state) => state.backend.kind === 'none');
  const [page, setPage] = useState<Page>('now');
  const [over, setOver] = useState<Over>();
  const [wanted, setWanted] = useState<WantedRow>();
  const [finds, setFinds] = useState(0);
  const shown = first ? 'welcome' : page;

  const goTo = useCallback((next: Page): void => {
    setPage(next);
    setOver(undefined);
    setWanted(undefined);
  }, []);

  const show = useCallback(
    (view: View): void => {
      switch (view.kind) {
        case 'now':
        case 'history':
        case 'settings':
        case 'welcome':
          goTo(view.kind);
          break;
        case 'find':
          goTo('history');
          setFinds((count) => count + 1);
          break;
        case 'row':
          goTo('now');
          setWanted({ id: view.id });
          break;
        case 'play':
          player.toggle(view.id);
          break;
        case 'notices':
          setOver({ kind: 'notices' });
          break;
        case 'details':
        case 'tracks':
          setOver({ kind: view.kind, id: view.id });
          break;
        default:
          assertNever(view);
      }
    },
    [goTo, player],
  );
  useEffect(() => store.onShow(show), [store, show]);
  useEffect(() => void store.api.shown(shown), [store, shown]);

  const closeOver = useCallback(() => setOver(undefined), []);
  useReturnFocus(over !== undefined);
  useWindowKeys(show, () => {
    if (over !== undefined) closeOver();
    // A dialog that a page opened itself also closes itself.
    else if (document.querySelector('dialog[open], :popover-open') !== null) return false;
    else if (!first && (page === 'settings' || page === 'welcome')) goTo('now');
    else return false;
    return true;
  });

  return (
    <ShowViewContext value={show}>
      <div className="window">
        {shown === 'welcome' && <WelcomePage {...(first ? {} : { onClose: () => goTo('now') })} />}
        {shown === 'settings' && <SettingsPage onClose={() => goTo('now')} />}
        {(shown === 'now' || shown === 'history') && (
          <>
            <Toolbar
              page={shown}
              noticesOpen={over?.kind === 'notices'}
              onNotices={(open) => setOver(open ? { kind: 'notices' } : undefined)}
              onPage={goTo}
            />
            {shown === 'now' ? <NowPage wanted={wanted} /> : <HistoryPage finds={finds} />}
            <StatusBar
              qualityOpen={over?.kind === 'quality'}
              onQuality={(open) => setOver(open ? { kind: 'quality' } : undefined)}
            />
          </>
        )}
        {over?.kind === 'notices' && <NoticesPopover onClose={closeOver} />}
        {over?.kind === 'quality' && <QualityPopover onClose={closeOver} />}
        {over?.kind === 'details' && <DetailsSheet id={over.id} onClose={closeOver} />}
        {over?.kind === 'tracks' && <TrackSheet id={over.id} onClose={closeOver} />}
        <Toasts />
        <DropOverlay />
        <Announcer />
      </div>
    </ShowViewContext>
  );
}
