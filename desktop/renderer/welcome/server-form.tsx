import { type FormEvent, Fragment, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { AccountAnswer, AccountProblem, BackendStatus } from '../../ipc.ts';
import { accountSentence, fieldOfProblem } from '../../words/account-words.ts';
import { isolate } from '../../words/measures.ts';
import { say } from '../../words/say.ts';
import { CertificateSheet } from '../sheets/certificate-sheet.tsx';
import { Icon } from '../shell/icon.tsx';
import { useShowView } from '../shell/show-view.ts';
import { useSoundlift } from '../store/app-store.ts';
import { useCountdown } from './use-countdown.ts';

type Step = 'sign_in' | 'create' | 'confirm' | 'forgot' | 'reset';
type FieldName = 'address' | 'email' | 'password' | 'code';

/** How long a code may not be asked for again, in seconds. */
const codePauseSeconds = 60;

const fieldsOf: Readonly<Record<Step, readonly FieldName[]>> = {
  sign_in: ['address', 'email', 'password'],
  create: ['address', 'email', 'password'],
  confirm: ['code'],
  forgot: ['address', 'email'],
  reset: ['code', 'password'],
};

/** Signing in to a server, and what belongs to it. */
export function ServerForm({
  backend,
  onDone,
}: {
  readonly backend: BackendStatus;
  readonly onDone: () => void;
}): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const known = backend.kind === 'server' ? backend : undefined;
  const isKnown = known?.connection === 'signed_out';
  const [step, setStep] = useState<Step>(known !== undefined && !known.confirmed && !isKnown ? 'confirm' : 'sign_in');
  const [values, setValues] = useState({
    address: known?.host ?? '',
    email: known?.email ?? '',
    password: '',
    code: '',
  });
  const [lastProblem, setProblem] = useState<AccountProblem>();
  const [isBusy, setBusy] = useState(false);
  const [showsCertificate, setShowsCertificate] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const problemId = useId();
  const hintId = useId();
  const wait = useCountdown();
  const codeWait = useCountdown();
  // Said again once a minute at most: it is read aloud.
  const waitMinutes = Math.ceil(wait.seconds / 60);
  const problem = useMemo(() => problemNow(lastProblem, 60 * waitMinutes), [lastProblem, waitMinutes]);

  const field = problem === undefined ? undefined : fieldOfProblem(problem);
  useEffect(() => {
    if (problem === undefined) return;
    form.current?.querySelector<HTMLInputElement>('[aria-invalid=true]')?.focus();
  }, [problem]);

  function goTo(next: Step): void {
    setStep(next);
    setProblem(undefined);
    setValues((before) => ({ ...before, code: '', ...(next === 'reset' ? { password: '' } : {}) }));
  }

  async function ask(
    call: () => Promise<AccountAnswer>,
    then: (answer: AccountAnswer & { readonly ok: true }) => void,
  ): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await call();
      if (answer.ok) then(answer);
      else {
        setProblem(answer.problem);
        if (answer.problem.code === 'too_many') wait.start(answer.problem.againInSeconds);
      }
    } finally {
      setBusy(false);
    }
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (isBusy || wait.seconds > 0) return;
    const { address, email, password, code } = values;
    switch (step) {
      case 'sign_in':
        return await ask(() => soundlift.signIn({ address, email, password }), onDone);
      case 'create':
        // On the first run this page goes with the first sign-in, but for when it was asked for.
        show({ kind: 'welcome' });
        return await ask(
          () => soundlift.createAccount({ address, email, password }),
          ({ codeMailed }) => {
            if (codeMailed !== true) return onDone();
            codeWait.start(codePauseSeconds);
            goTo('confirm');
          },
        );
      case 'confirm':
        return await ask(() => soundlift.confirmAddress(code), onDone);
      case 'forgot':
        return await ask(
          () => soundlift.forgotPassword({ address, email }),
          () => {
            codeWait.start(codePauseSeconds);
            goTo('reset');
          },
        );
      case 'reset':
        return await ask(() => soundlift.resetPassword({ address, email, code, password }), onDone);
    }
  }

  function sendAgain(): void {
    const { address, email } = values;
    const call =
      step === 'reset' ? () => soundlift.forgotPassword({ address, email }) : () => soundlift.sendCodeAgain();
    void ask(call, () => codeWait.start(codePauseSeconds));
  }

  const told = problem !== undefined && (
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
  // Where the server itself is the trouble, it is said at its address.
  const isAboutServer =
    fieldsOf[step].includes('address') &&
    (field === 'address' ||
      problem?.code === 'certificate' ||
      problem?.code === 'closed' ||
      problem?.code === 'no_mail');
  const isNew = step === 'create' || step === 'reset';
  const isLocked = (name: FieldName): boolean => isKnown && (name === 'address' || name === 'email');
  return (
    <form ref={form} className="more" noValidate onSubmit={(event) => void submit(event)}>
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
              onChange={({ target }) => setValues((before) => ({ ...before, [name]: target.value }))}
            />
          </label>
          {name === 'address' && isAboutServer && told}
        </Fragment>
      ))}
      {!isAboutServer && told}
      {isNew && (
        <p className="quiet small" id={hintId}>
          {say('welcomePasswordHint')}
        </p>
      )}
      <footer className="wide">
        <Sideways
          step={step}
          problem={problem}
          isKnown={isKnown}
          codeSeconds={codeWait.seconds}
          goTo={goTo}
          sendAgain={sendAgain}
          onLater={onDone}
        />
        <button type="submit" className="btn primary big" disabled={isBusy || wait.seconds > 0}>
          {isBusy ? say('welcomeBusy') : submitWords(step, problem)}
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
  readonly problem: AccountProblem | undefined;
  readonly isKnown: boolean;
  readonly codeSeconds: number;
  readonly goTo: (step: Step) => void;
  readonly sendAgain: () => void;
  readonly onLater: () => void;
}

/** The ways beside the main one. */
function Sideways({ step, problem, isKnown, codeSeconds, goTo, sendAgain, onLater }: SidewaysProps): ReactNode {
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
      ...(problem === undefined || problem.code === 'wrong_password'
        ? [link(say('welcomeForgot'), () => goTo('forgot'))]
        : []),
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

/** What is still to be said of a problem, when tries are refused for `waitSeconds` more. */
function problemNow(problem: AccountProblem | undefined, waitSeconds: number): AccountProblem | undefined {
  if (problem?.code !== 'too_many') return problem;
  if (waitSeconds === 0) return undefined;
  return { ...problem, againInSeconds: Math.min(problem.againInSeconds, waitSeconds) };
}
