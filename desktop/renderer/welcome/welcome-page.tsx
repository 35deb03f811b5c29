import { type ReactNode, useId, useState } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import type { BackendStatus } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { Icon } from '../shell/icon.tsx';
import { useShowView } from '../shell/show-view.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import iconUrl from './icon.svg';
import { ServerForm } from './server-form.tsx';

/** Chooses the backend, in the first run and later. Without `onClose`, one must be chosen. */
export function WelcomePage({ onClose }: { readonly onClose?: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const backend = useAppState((state) => state.backend);
  const [where, setWhere] = useState<'here' | 'server'>(backend.kind === 'server' ? 'server' : 'here');
  const hereForm = useId();

  // Not `onClose`: in the first run, that appears while the sign-in is still being answered.
  const leave = (): void => show({ kind: 'now' });

  function startHere(): void {
    void soundlift.useThisComputer();
    leave();
  }

  return (
    <>
      <header className="toolbar">
        {onClose !== undefined && (
          <button
            type="button"
            className="icon-btn"
            aria-label={say('welcomeBack')}
            title={say('welcomeClose')}
            onClick={onClose}
          >
            <Icon name="back" />
          </button>
        )}
      </header>
      <main className="welcome">
        <header>
          <img src={iconUrl} alt="" />
          <h1 id="hello">{say('welcomeTitle')}</h1>
          <p className="quiet">{signedOutWords(backend) ?? say('welcomeQuestion')}</p>
        </header>
        <div role="radiogroup" aria-labelledby="hello" className="choices">
          <form
            id={hereForm}
            className="choice"
            onSubmit={(event) => {
              event.preventDefault();
              startHere();
            }}
          >
            <Choice
              checked={where === 'here'}
              title={say('welcomeHere')}
              detail={say('welcomeHereDetail')}
              onChoose={() => setWhere('here')}
            />
          </form>
          <div className="choice">
            <Choice
              checked={where === 'server'}
              title={say('welcomeServer')}
              detail={say('welcomeServerDetail')}
              onChoose={() => setWhere('server')}
            />
            {where === 'server' && <ServerForm backend={backend} onDone={leave} />}
          </div>
        </div>
        {where === 'here' && (
          <footer>
            {/* Submits the form by its id: without a submit button, Enter on a radio button does nothing. */}
            <button type="submit" form={hereForm} className="btn primary big">
              {say('welcomeStart')}
            </button>
          </footer>
        )}
      </main>
    </>
  );
}

interface ChoiceProps {
  readonly checked: boolean;
  readonly title: string;
  readonly detail: string;
  readonly onChoose: () => void;
}

function Choice({ checked, title, detail, onChoose }: ChoiceProps): ReactNode {
  return (
    <label>
      <input className="radio" type="radio" name="where" checked={checked} autoFocus={checked} onChange={onChoose} />
      <strong>{title}</strong>
      <small>{detail}</small>
    </label>
  );
}

function signedOutWords(backend: BackendStatus): string | undefined {
  return backend.kind === 'server' && backend.connection === 'signed_out'
    ? say('welcomeSignedOut', { host: isolate(backend.host) })
    : undefined;
}
