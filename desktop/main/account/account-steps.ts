import { type Account, accountSchema, credentialsSchema } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import { askServerInfo, createServerHttp, parseServerAddress, type ServerHttp } from '../../client/server-http.ts';
import { keepInMemory, type SessionKeeper, signIn } from '../../client/server-session.ts';
import type { AccountAnswer, AccountProblem, SignInForm } from '../../ipc.ts';
import type { Backends } from '../backends/backends.ts';
import type { AccountBackend } from './account-backend.ts';
import { type AccountCall, accountProblem } from './account-problem.ts';
import type { SignedInAccount } from './kept-sign-in.ts';

/** What a person does to sign in, and with the account. */
export type AccountSteps = Pick<
  Backends,
  | 'signIn'
  | 'createAccount'
  | 'confirmAddress'
  | 'sendCodeAgain'
  | 'forgotPassword'
  | 'resetPassword'
  | 'setMail'
  | 'signOut'
>;

export interface AccountStepsParts {
  /** The account that is chosen, where it is signed in. */
  readonly signedIn: () => AccountBackend | undefined;
  /** Somebody has signed in; the session is in `session`. */
  readonly enter: (account: SignedInAccount, session: SessionKeeper) => Promise<void>;
  /** Signs out whoever is signed in. */
  readonly leave: () => Promise<void>;
}

const emailSchema = credentialsSchema.shape.email;
const newPasswordSchema = credentialsSchema.shape.password;
const accounts = '/api/v1/accounts';

export function createAccountSteps({ signedIn, enter, leave }: AccountStepsParts): AccountSteps {
  /** One after the other: two at once would not know which account is the one. */
  let latest: Promise<unknown> = Promise.resolve();

  async function inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = latest.then(step);
    latest = turn.catch(() => undefined);
    return await turn;
  }

  /** Asks a server that nobody is signed in to. */
  async function ask(
    { address, email, password }: Omit<SignInForm, 'password'> & { readonly password?: string },
    steps: (http: ServerHttp, email: string) => Promise<AccountProblem | undefined>,
    isNewPassword = false,
  ): Promise<AccountAnswer> {
    let url: string;
    try {
      ({ url } = parseServerAddress(address.trim()));
    } catch (error) {
      if (!isAppError(error)) throw error;
      return refused({ code: 'address' });
    }
    const plain = emailSchema.safeParse(email);
    if (!plain.success) return refused({ code: 'email' });
    if (isNewPassword && !newPasswordSchema.safeParse(password).success) return refused({ code: 'short_password' });
    return await inTurn(async () => {
      const http = createServerHttp(url);
      try {
        const problem = await steps(http, plain.data);
        return problem === undefined ? { ok: true } : refused(problem);
      } catch (error) {
        return refused(await accountProblem(error, 'sign_in', url));
      }
    });
  }

  async function enterWith(http: ServerHttp, email: string, password: string): Promise<void> {
    const session = keepInMemory();
    await signIn(http, { email, password }, session);
    await enter({ url: http.url, email }, session);
  }

  /** Tells what a call means with which it is not a matter of signing in. */
  async function as(call: AccountCall, http: ServerHttp, request: () => Promise<unknown>) {
    try {
      await request();
      return undefined;
    } catch (error) {
      return await accountProblem(error, call, http.url);
    }
  }

  async function askSignedIn(
    call: AccountCall,
    step: (remote: AccountBackend) => Promise<Account | undefined>,
  ): Promise<AccountAnswer> {
    return await inTurn(async () => {
      const remote = signedIn();
      if (remote === undefined) return refused({ code: 'signed_out' });
      const { http } = remote.session;
      const problem = await as(call, http, async () => {
        const account = await step(remote);
        if (account !== undefined) remote.accountChanged(account);
      });
      return problem === undefined ? { ok: true } : refused(problem);
    });
  }

  return {
    async signIn(form) {
      return await ask(form, async (http, email) => {
        // Whatever answers there is not told a password before it has said what it is.
        await askServerInfo(http);
        if (form.password === '') return { code: 'wrong_password' };
        await enterWith(http, email, form.password);
        return undefined;
      });
    },

    async createAccount(form) {
      let sendsMail = false;
      const create = async (http: ServerHttp, email: string) => {
        const { signUp, mail } = await askServerInfo(http);
        sendsMail = mail;
        if (signUp === 'closed') return { code: 'closed', host: http.host } as const;
        const body = { email, password: form.password };
        const problem = await as('create_account', http, async () => {
          await http.ask({ method: 'POST', path: accounts, body });
        });
        if (problem === undefined) await enterWith(http, email, form.password);
        return problem;
      };
      const answer = await ask(form, create, true);
      return answer.ok && sendsMail ? { ok: true, codeMailed: true } : answer;
    },

    async confirmAddress(code) {
      if (code.trim() === '') return refused({ code: 'wrong_code' });
      return await askSignedIn('with_code', async ({ session }) => {
        return await session.askFor(accountSchema, { method: 'POST', path: '/api/v1/me/confirm', body: { code } });
      });
    },

    async sendCodeAgain() {
      return await askSignedIn('send_code', async ({ session }) => {
        await session.ask({ method: 'POST', path: '/api/v1/me/confirm', body: {} });
        return undefined;
      });
    },

    async forgotPassword(form) {
      return await ask(form, async (http, email) => {
        if (!(await askServerInfo(http)).mail) return { code: 'no_mail', host: http.host };
        await http.ask({ method: 'POST', path: `${accounts}/reset`, body: { email } });
        return undefined;
      });
    },

    async resetPassword(form) {
      const reset = async (http: ServerHttp, email: string) => {
        await askServerInfo(http);
        const { code, password } = form;
        if (code.trim() === '') return { code: 'wrong_code' } as const;
        const problem = await as('with_code', http, async () => {
          await http.ask({ method: 'POST', path: `${accounts}/reset/confirm`, body: { email, code, password } });
        });
        if (problem === undefined) await enterWith(http, email, password);
        return problem;
      };
      return await ask(form, reset, true);
    },

    async setMail(wanted) {
      return await askSignedIn('signed_in', async ({ session }) => {
        return await session.askFor(accountSchema, { method: 'PATCH', path: '/api/v1/me', body: { mail: wanted } });
      });
    },

    signOut: () => inTurn(leave),
  };
}

function refused(problem: AccountProblem): AccountAnswer {
  return { ok: false, problem };
}
