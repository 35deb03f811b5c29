import { Fragment, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import type { AccountProblem, BackendStatus } from '../../ipc.ts';
import { accountSentence, fieldOfProblem } from '../../words/account-words.ts';
import { say } from '../../words/say.ts';
import { CertificateSheet } from '../sheets/certificate-sheet.tsx';
import { Icon } from '../shell/icon.tsx';
import { type FieldName, type Step, useServerForm } from './use-server-form.ts';

const fieldsOf: Readonly<Record<Step, readonly FieldName[]>> = {
  sign_in: ['address', 'email', 'password'],
  create: ['address', 'email', 'password'],
  confirm: ['code'],
  forgot: ['address', 'email'],
  reset: ['code', 'password'],
};

/** Signing in to a server, with all that belongs to it. */
export function ServerForm({
  backend,
  onDone,
}: {
  readonly backend: BackendStatus;
  readonly onDone: () => void;
}): ReactNode {
  const state = useServerForm(backend, onDone);
  const { step, values, problem } = state;
  const isKnown = backend.kind === 'server' && backend.connection === 'signed_out';
  const [showsCertificate, setShowsCertificate] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const problemId = useId();
  const hintId = useId();
  const field = problem === undefined ? undefined : fieldOfProblem(problem);
  useEffect(() => {
    if (problem === undefined) return;
    form.current?.querySelector<HTMLInputElement>('[aria-invalid=true]')?.focus();
  }, [problem]);

  const problemLine = problem !== undefined && (
    <p className="problem" id={problemId} role="alert">
      <Icon name={problem.code === 'certificate' ? 'lock' : 'info'} />
      <span>
        {accountSentence(problem)}{' '}
        {problem.code === 'certificate' && (
          <button type="button" className="link" onClick={() => setShowsCertificate(true)}>
            {say('welcomeShowCertificate')}
          </button>
        )}
      </span>
    </p>
  );
  // A problem with the server itself is shown at its address.
  const isAboutServer =
    fieldsOf[step].includes('address') &&
    (field === 'address' ||
      problem?.code === 'certificate' ||
      problem?.code === 'closed' ||
      problem?.code === 'no_mail');
  const isNew = step === 'create' || step === 'reset';
  const isLocked = (name: FieldName): boolean => isKnown && (name === 'address' || name === 'email');
  return (
    <form ref={form} className="more" noValidate onSubmit={(event) => void state.submit(event)}>
      {step === 'confirm' && <p className="wide">{say('welcomeConfirmTitle', { email: isolate(values.email) })}</p>}
      {step === 'confirm' && <p className="quiet small wide">{say('welcomeConfirmDetail')}</p>}
      {step === 'forgot' && <p className="quiet small wide">{say('welcomeForgotDetail')}</p>}
      {step === 'reset' && (
        <p className="quiet small wide">{say('welcomeResetDetail', { email: isolate(values.email) })}</p>
      )}
      {fieldsOf[step].map((name, index) => (
        <Fragment key={name}>
          <label className={name === 'address' || name === 'code' ? 'field wide' : 'field'}>
            <span>{labelOf(name, step)}</span>
            <input
              className="input"
              {...inputKind(name, isNew)}
              name={name}
              spellCheck={false}
              autoFocus={index === (isKnown ? 2 : 0)}
              readOnly={isLocked(name)}
              value={values[name]}
              aria-invalid={field === name}
              {...describedBy(name, field, problemId, step === 'create' ? hintId : undefined)}
              onChange={({ target }) => state.change(name, target.value)}
            />
          </label>
          {name === 'address' && isAboutServer && problemLine}
        </Fragment>
      ))}
      {!isAboutServer && problemLine}
      {isNew && (
        <p className="quiet small" id={hintId}>
          {say('welcomePasswordHint')}
        </p>
      )}
      <footer className="wide">
        <Sideways
          step={step}
          isKnown={isKnown}
          codeSeconds={state.codeSeconds}
          goTo={state.goTo}
          sendAgain={state.sendAgain}
          onLater={onDone}
        />
        <button type="submit" className="btn primary big" disabled={state.isBusy || state.mustWait}>
          {state.isBusy ? say('welcomeBusy') : submitWords(step, problem)}
        </button>
      </footer>
      {showsCertificate && problem?.code === 'certificate' && (
        <CertificateSheet address={values.address} host={problem.host} onClose={() => setShowsCertificate(false)} />
      )}
    </form>
  );
}

interface SidewaysProps {
  readonly step: Step;
  readonly isKnown: boolean;
  readonly codeSeconds: number;
  readonly goTo: (step: Step) => void;
  readonly sendAgain: () => void;
  readonly onLater: () => void;
}

/** The other ways from a step. */
function Sideways({ step, isKnown, codeSeconds, goTo, sendAgain, onLater }: SidewaysProps): ReactNode {
  const link = (words: string, act: () => void, disabled = false): ReactNode => (
    <button key={words} type="button" className="link" disabled={disabled} onClick={act}>
      {words}
    </button>
  );
  const again =
    codeSeconds > 0
      ? link(say('welcomeSendAgainIn', { seconds: codeSeconds }), sendAgain, true)
      : link(say('welcomeSendAgain'), sendAgain);
  const ways: Readonly<Record<Step, readonly ReactNode[]>> = {
    sign_in: [
      ...(isKnown ? [] : [link(say('welcomeCreateInstead'), () => goTo('create'))]),
      link(say('welcomeForgot'), () => goTo('forgot')),
    ],
    create: [link(say('welcomeHaveAccount'), () => goTo('sign_in'))],
    confirm: [again, link(say('welcomeLater'), onLater)],
    forgot: [link(say('welcomeBack'), () => goTo('sign_in'))],
    reset: [again, link(say('welcomeBack'), () => goTo('sign_in'))],
  };
  return <span className="ways">{ways[step]}</span>;
}

function labelOf(name: FieldName, step: Step): string {
  switch (name) {
    case 'address':
      return say('welcomeAddress');
    case 'email':
      return say('welcomeEmail');
    case 'code':
      return say('welcomeCode');
    case 'password':
      return say(step === 'reset' ? 'welcomeNewPassword' : 'welcomePassword');
  }
}

function inputKind(name: FieldName, isNew: boolean) {
  switch (name) {
    case 'address':
      return { inputMode: 'url', autoComplete: 'url', placeholder: say('welcomeAddressExample') } as const;
    case 'email':
      return { type: 'email', autoComplete: 'username' } as const;
    case 'code':
      return { autoComplete: 'one-time-code' } as const;
    case 'password':
      return { type: 'password', autoComplete: isNew ? 'new-password' : 'current-password' } as const;
  }
}

function describedBy(name: FieldName, field: FieldName | undefined, problemId: string, hintId: string | undefined) {
  if (field === name) return { 'aria-describedby': problemId };
  return name === 'password' && hintId !== undefined ? { 'aria-describedby': hintId } : {};
}

function submitWords(step: Step, problem: AccountProblem | undefined): string {
  switch (step) {
    case 'sign_in':
      return problem?.code === 'unreachable' || problem?.code === 'certificate' || problem?.code === 'not_soundlift'
        ? say('welcomeTryAgain')
        : say('welcomeSignIn');
    case 'create':
      return say('welcomeCreate');
    case 'confirm':
      return say('welcomeConfirm');
    case 'forgot':
      return say('welcomeSendCode');
    case 'reset':
      return say('welcomeSetPassword');
  }
}
