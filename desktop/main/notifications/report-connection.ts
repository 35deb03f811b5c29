import type { BackendStatus } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { connectionEvent } from './connection-event.ts';
import type { ReportNewsParts } from './report-news.ts';

export interface ReportConnectionParts extends Pick<ReportNewsParts, 'announce' | 'addNotice' | 'notifySystem'> {
  /** Shows the page for signing in. */
  readonly showWelcome: () => void;
}

/**
 * Returns a function that reports a lost connection, one that is back, and a sign-out by the server. It is to be called with each new status
 * and the number of rows that have not ended.
 * @param first the status at the start
 */
export function createConnectionReporter(
  first: BackendStatus,
  { announce, addNotice, notifySystem, showWelcome }: ReportConnectionParts,
): (status: BackendStatus, unfinished: number) => void {
  let last = first;

  function askToSignIn(host: string, unfinished: number): void {
    const title = say('notificationsSignInTitle', { host });
    const detail = say('notificationsSignInDetail', { count: unfinished });
    addNotice({ title, names: [], lines: [detail], action: 'sign_in' });
    notifySystem({ title, body: detail, action: say('notificationsSignIn'), onClick: showWelcome });
  }

  return (status, unfinished) => {
    const event = connectionEvent(last, status);
    last = status;
    if (event === 'lost') announce(say('notificationsOffline'));
    if (event === 'back') announce(say('notificationsOnline'));
    if (event === 'back' && unfinished > 0) {
      const lines = [say('notificationsConnectionBackDetail', { count: unfinished })];
      addNotice({ title: say('notificationsConnectionBack'), names: [], lines });
    }
    if (event === 'sent_away' && unfinished > 0 && status.kind === 'server') askToSignIn(status.host, unfinished);
  };
}
