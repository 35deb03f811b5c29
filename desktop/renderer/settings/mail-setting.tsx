import { type ReactNode, useState } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import type { AccountAnswer } from '../../ipc.ts';
import { accountSentence } from '../../words/account-words.ts';
import { say } from '../../words/say.ts';
import { useShowView } from '../shell/show-view.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Setting, SwitchSetting } from './setting-parts.tsx';

/** Whether finished batches are mailed. This belongs to the account on the server. */
export function MailSetting(): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const backend = useAppState((state) => state.backend);
  const [problem, setProblem] = useState<string>();
  if (backend.kind !== 'server' || backend.mail === undefined) {
    return (
      <SwitchSetting
        name={say('settingsMail')}
        detail={say('settingsMailNone')}
        checked={false}
        disabled
        onChange={() => undefined}
      />
    );
  }
  const name = say('settingsMailTo', { email: isolate(backend.email) });
  if (!backend.confirmed) {
    return (
      <Setting>
        <div>
          {name}
          <small>{say('settingsMailUnconfirmed')}</small>
        </div>
        <button type="button" className="btn" onClick={() => show({ kind: 'welcome' })}>
          {say('settingsMailConfirm')}
        </button>
      </Setting>
    );
  }
  const answered = (answer: AccountAnswer): void => setProblem(answer.ok ? undefined : accountSentence(answer.problem));
  return (
    <SwitchSetting
      name={name}
      detail={problem ?? say('settingsMailDetail')}
      checked={backend.mail}
      onChange={(wanted) => void soundlift.setMail(wanted).then(answered)}
    />
  );
}
