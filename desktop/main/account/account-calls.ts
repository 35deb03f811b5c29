import { type Account, credentialsSchema } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import { oneAtATime } from '../../../shared/one-at-a-time.ts';
import { createServerHttp, parseServerAddress, type ServerHttp } from '../../client/server-http.ts';
import type { AccountAnswer, AccountProblem, SignInForm } from '../../ipc.ts';
import type { AccountBackend } from './account-backend.ts';
import { type AccountCall, accountProblem } from './account-problem.ts';

const emailSchema = credentialsSchema.shape.email;
const newPasswordSchema = credentialsSchema.shape.password;

type Who = Omit<SignInForm, 'password'> & { readonly password?: string };

/** Asks servers about accounts, one request at a time: two at once would not know which account is signed in. */
export interface AccountCalls {
  /** Checks the form, then asks a server that nobody needs to be signed in to. */
  ask(
    who: Who,
    steps: (http: ServerHttp, email: string) => Promise<AccountProblem | undefined>,
    isNewPassword?: boolean,
  ): Promise<AccountAnswer>;
  /** Asks the server of the account that is signed in. */
  askSignedIn(
    call: AccountCall,
    step: (remote: AccountBackend) => Promise<Account | undefined>,
  ): Promise<AccountAnswer>;
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** @param signedIn the chosen account, if it is signed in */
export function createAccountCalls(signedIn: () => AccountBackend | undefined): AccountCalls {
  const inTurn = oneAtATime();
  return {
    async ask({ address, email, password }, steps, isNewPassword = false) {
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
    },
    async askSignedIn(call, step) {
      return await inTurn(async () => {
        const remote = signedIn();
        if (remote === undefined) return refused({ code: 'signed_out' });
        const problem = await problemOf(call, remote.session.http, async () => {
          const account = await step(remote);
          if (account !== undefined) remote.accountChanged(account);
        });
        return problem === undefined ? { ok: true } : refused(problem);
      });
    },
    inTurn,
  };
}

/** Makes a request; returns what its error means for that call. */
export async function problemOf(
  call: AccountCall,
  http: ServerHttp,
  request: () => Promise<unknown>,
): Promise<AccountProblem | undefined> {
  try {
    await request();
    return undefined;
  } catch (error) {
    return await accountProblem(error, call, http.url);
  }
}

export function refused(problem: AccountProblem): AccountAnswer {
  return { ok: false, problem };
}
