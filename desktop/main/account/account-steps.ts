import { accountSchema } from '../../../shared/api.ts';
import { askServerInfo, type ServerHttp } from '../../client/server-http.ts';
import { keepInMemory, type SessionKeeper, signIn } from '../../client/server-session.ts';
import type { Backends } from '../backends/backends.ts';
import type { AccountBackend } from './account-backend.ts';
import { createAccountCalls, problemOf, refused } from './account-calls.ts';
import type { SignedInAccount } from './kept-sign-in.ts';

/** Signing in, and what a person does with the account. */
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
  /** The chosen account, if it is signed in. */
  readonly signedIn: () => AccountBackend | undefined;
  /** Called after a sign-in, with its session. */
  readonly enter: (account: SignedInAccount, session: SessionKeeper) => Promise<void>;
  /** Signs out the account that is signed in. */
  readonly leave: () => Promise<void>;
}

const accounts = '/api/v1/accounts';

export function createAccountSteps({ signedIn, enter, leave }: AccountStepsParts): AccountSteps {
  const { ask, askSignedIn, inTurn } = createAccountCalls(signedIn);

  async function enterWith(http: ServerHttp, email: string, password: string): Promise<void> {
    const session = keepInMemory();
    await signIn(http, { email, password }, session);
    await enter({ url: http.url, email }, session);
  }

  return {
    async signIn(form) {
      return await ask(form, async (http, email) => {
        // The password is sent only after the server has shown that it is one of ours.
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
        const problem = await problemOf('create_account', http, async () => {
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
        const problem = await problemOf('with_code', http, async () => {
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
