import { isIP } from 'node:net';

/** True for `localhost`, 127.0.0.0/8 and `::1`, without brackets. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
