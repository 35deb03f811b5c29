import { isLoopbackHost } from '../../../shared/loopback-host.ts';
import { isWellKnown } from '../../well-known-secrets.ts';

/** Whom a server is told that we are. */
interface ServerSignIn {
  /** Without brackets. */
  readonly hosts: readonly string[];
  readonly user: string;
  readonly password: string;
}

/** Shorter ones can be guessed by somebody who reaches the server. */
const minPasswordBytes = 16;

/**
 * What a server's URL must be instead, as the end of a sentence that does not show it; undefined if the password will do. A server on
 * this computer may have a short one, but none that everybody knows: others may reach it through a forwarded port.
 */
export function passwordComplaint({ hosts, user, password }: ServerSignIn): string | undefined {
  const isHere = hosts.every(isLoopbackHost);
  if (!isHere && (Buffer.byteLength(password) < minPasswordBytes || password === user)) {
    return `a URL with a password of at least ${minPasswordBytes} bytes that is not the user's name`;
  }
  return isWellKnown(password)
    ? 'a URL with a random password of your own, not a default, an example or a pattern'
    : undefined;
}
