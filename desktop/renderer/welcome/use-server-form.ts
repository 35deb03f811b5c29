import { type FormEvent, useMemo, useState } from 'react';
import type { AccountAnswer, AccountProblem, BackendStatus } from '../../ipc.ts';
import { useShowView } from '../shell/show-view.ts';
import { useSoundlift } from '../store/app-store.ts';
import { useCountdown } from './use-countdown.ts';

export type Step = 'sign_in' | 'create' | 'confirm' | 'forgot' | 'reset';
export type FieldName = 'address' | 'email' | 'password' | 'code';

export interface ServerFormState {
  readonly step: Step;
  readonly values: Readonly<Record<FieldName, string>>;
  /** Why the last try failed, as long as that holds. */
  readonly problem: AccountProblem | undefined;
  readonly isBusy: boolean;
  /** Whether the server refuses further tries for now. */
  readonly mustWait: boolean;
  /** How long no further code can be asked for. */
  readonly codeSeconds: number;
  change(name: FieldName, value: string): void;
  goTo(step: Step): void;
  submit(event: FormEvent): Promise<void>;
  /** Asks for another code. */
  sendAgain(): void;
}

/** How long a code may not be asked for again, in seconds. */
const codePauseSeconds = 60;

/** The steps of signing in to a server: what was typed, what is asked for, and the outcome. */
export function useServerForm(backend: BackendStatus, onDone: () => void): ServerFormState {
  const soundlift = useSoundlift();
  const show = useShowView();
  const known = backend.kind === 'server' ? backend : undefined;
  const mustConfirm = known !== undefined && !known.confirmed && known.connection !== 'signed_out';
  const [step, setStep] = useState<Step>(mustConfirm ? 'confirm' : 'sign_in');
  const [values, setValues] = useState({
    address: known?.host ?? '',
    email: known?.email ?? '',
    password: '',
    code: '',
  });
  const [lastProblem, setProblem] = useState<AccountProblem>();
  const [isBusy, setBusy] = useState(false);
  const wait = useCountdown();
  const codeWait = useCountdown();
  // Changes once a minute at most, because screen readers read it out each time.
  const waitMinutes = Math.ceil(wait.seconds / 60);
  const problem = useMemo(() => problemNow(lastProblem, 60 * waitMinutes), [lastProblem, waitMinutes]);

  function goTo(next: Step): void {
    setStep(next);
    setProblem(undefined);
    // The server counts the attempts of each step by themselves.
    wait.start(0);
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
        // In the first run, this page closes with the first sign-in, unless it was asked for.
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

  return {
    step,
    values,
    problem,
    isBusy,
    mustWait: wait.seconds > 0,
    codeSeconds: codeWait.seconds,
    change: (name, value) => setValues((before) => ({ ...before, [name]: value })),
    goTo,
    submit,
    sendAgain,
  };
}

/** The problem as it is when tries are refused for `waitSeconds` more; undefined once they are not. */
function problemNow(problem: AccountProblem | undefined, waitSeconds: number): AccountProblem | undefined {
  if (problem?.code !== 'too_many') return problem;
  if (waitSeconds === 0) return undefined;
  return { ...problem, againInSeconds: Math.min(problem.againInSeconds, waitSeconds) };
}
