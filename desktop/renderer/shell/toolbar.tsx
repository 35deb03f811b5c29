import type { ReactNode } from 'react';
import { say } from '../../words/say.ts';
import { shortcutWords } from '../../words/shortcut-words.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Icon } from './icon.tsx';
import { useToggle } from './use-toggle.ts';

export interface ToolbarProps {
  readonly page: 'now' | 'history';
  readonly noticesOpen: boolean;
  readonly onNotices: (open: boolean) => void;
  readonly onPage: (page: 'now' | 'history' | 'settings') => void;
}

/** The bar at the top: the list, the history, and the buttons for the whole app. */
export function Toolbar({ page, noticesOpen, onNotices, onPage }: ToolbarProps): ReactNode {
  const soundlift = useSoundlift();
  const system = useAppState((state) => state.system);
  const unread = useAppState((state) => state.notices.filter((notice) => notice.unread).length);
  const toggleNotices = useToggle(noticesOpen, onNotices);
  const withKey = (action: string, key: string): string =>
    say('listTooltip', { action, key: shortcutWords(system, key) });
  const notices = unread === 0 ? say('listNotifications') : say('listNotificationsUnread', { unread });
  return (
    <header className="toolbar">
      <nav className="tabs" aria-label={say('listTabs')}>
        <button
          type="button"
          title={shortcutWords(system, '1')}
          {...(page === 'now' ? { 'aria-current': 'page' } : {})}
          onClick={() => onPage('now')}
        >
          {say('listNow')}
        </button>
        <button
          type="button"
          title={shortcutWords(system, '2')}
          {...(page === 'history' ? { 'aria-current': 'page' } : {})}
          onClick={() => onPage('history')}
        >
          {say('listHistory')}
        </button>
      </nav>
      <button
        type="button"
        className="icon-btn push"
        aria-label={say('listChooseVideos')}
        title={withKey(say('listChooseVideos'), 'O')}
        onClick={() => void soundlift.chooseVideos()}
      >
        <Icon name="plus" />
      </button>
      <button
        type="button"
        className="icon-btn"
        aria-label={notices}
        title={say('listNotifications')}
        aria-haspopup="dialog"
        aria-expanded={noticesOpen}
        {...toggleNotices}
      >
        <Icon name="bell" />
        {unread > 0 && <span className="count">{unread > 99 ? say('listUnreadMany') : unread}</span>}
      </button>
      <button
        type="button"
        className="icon-btn"
        aria-label={say('listSettings')}
        title={withKey(say('listSettings'), ',')}
        onClick={() => onPage('settings')}
      >
        <Icon name="settings" />
      </button>
    </header>
  );
}
