import type { ReactNode } from 'react';
import type { Notice } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { agoWords } from '../../words/time-words.ts';
import { FileName } from '../list/file-name.tsx';
import { Popover } from '../shell/popover.tsx';
import { useShowView } from '../shell/show-view.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';

/** The notifications of the server and of the app, newest first. */
export function NoticesPopover({ onClose }: { readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const notices = useAppState((state) => state.notices);
  const hasUnread = notices.some(({ unread }) => unread);
  return (
    <Popover
      title={say('settingsNotices')}
      from="bell"
      onClose={onClose}
      {...(hasUnread
        ? {
            action: (
              <button type="button" className="link small push" onClick={() => void soundlift.markNoticesRead()}>
                {say('settingsMarkRead')}
              </button>
            ),
          }
        : {})}
    >
      {notices.length === 0 ? (
        <p className="none">{say('settingsNoticesNone')}</p>
      ) : (
        <ul>
          {notices.map((notice) => (
            <NoticeItem key={notice.id} notice={notice} onClose={onClose} />
          ))}
        </ul>
      )}
      <footer role="none">
        <button
          type="button"
          className="link"
          onClick={() => {
            onClose();
            show({ kind: 'history' });
          }}
        >
          {say('settingsEverything')}
        </button>
      </footer>
    </Popover>
  );
}

function NoticeItem({ notice, onClose }: { readonly notice: Notice; readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const { id, unread, at, title, names, lines, action } = notice;
  return (
    <li className="note">
      {unread ? (
        <i className="dot" role="img" aria-label={say('settingsUnread')} />
      ) : (
        <i className="dot read" aria-hidden="true" />
      )}
      <b>{title}</b>
      <time dateTime={new Date(at).toISOString()}>{agoWords(at, Date.now())}</time>
      {names.length > 0 && (
        <ul>
          {names.map((name) => (
            <li key={name}>
              <FileName name={name} />
            </li>
          ))}
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {names.length === 0 && lines.map((line) => <p key={line}>{line}</p>)}
      {action !== undefined && (
        <div className="links">
          <button
            type="button"
            className="link"
            onClick={() => {
              onClose();
              void soundlift.noticeAction(id);
            }}
          >
            {action.label}
          </button>
        </div>
      )}
    </li>
  );
}
