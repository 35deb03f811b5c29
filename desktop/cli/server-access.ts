import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import { createRemoteBackend, type RemoteBackend } from '../client/remote-backend.ts';
import { createServerHttp, parseServerAddress, type ServerHttp } from '../client/server-http.ts';
import { keepInMemory, openServerSession, type ServerSession, signIn } from '../client/server-session.ts';
import type { KeptSignIns } from './kept-sign-ins.ts';

/** `SOUNDLIFT_EMAIL` and `SOUNDLIFT_PASSWORD`, if both are set. */
export interface GivenCredentials {
  readonly email: string;
  readonly password: string;
}

/** A server and the account that is signed in to it. */
export interface ServerAccess {
  readonly session: ServerSession;
  readonly backend: RemoteBackend;
}

/**
 * Opens the server at `address`, or the one of the latest sign-in. If nobody is signed in, signs in with `given` for the life of this
 * process. Throws `unauthorized` with the command to sign in, `invalid` for a bad address, and `unavailable`.
 */
export async function openServerAccess(
  address: string | undefined,
  signIns: KeptSignIns,
  given: GivenCredentials | undefined,
): Promise<ServerAccess> {
  const url = address === undefined ? await signIns.latest() : parseServerAddress(address).url;
  if (url === undefined) {
    throw new AppError('unauthorized', 'You are not signed in to any server.');
  }
  const http = createServerHttp(url);
  const kept = signIns.of(http.url);
  if ((await kept.read()) !== undefined) {
    const session = openServerSession(http, kept);
    return { session, backend: createRemoteBackend(session) };
  }
  if (given === undefined) throw new AppError('unauthorized', sayShared('failNotSignedIn', { host: http.host }));
  return await openForOnce(http, given);
}

/** A session that ends with the backend. */
async function openForOnce(http: ServerHttp, given: GivenCredentials): Promise<ServerAccess> {
  const keeper = keepInMemory();
  await signIn(http, given, keeper);
  const session = openServerSession(http, keeper);
  const backend = createRemoteBackend(session);
  return {
    session,
    backend: {
      ...backend,
      async close() {
        await backend.close();
        // If the server cannot be reached, the session expires there.
        await session.signOut().catch(() => undefined);
      },
    },
  };
}
