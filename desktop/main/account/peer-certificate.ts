import { connect, type PeerCertificate } from 'node:tls';
import type { Certificate } from '../../ipc.ts';

const connectSeconds = 10;

/**
 * What the server at `url` shows of itself, whether or not it is to be trusted: nothing is sent there. Undefined where there is none to
 * be had.
 */
export async function readPeerCertificate(url: string): Promise<Certificate | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const { promise, resolve } = Promise.withResolvers<Certificate | undefined>();
  const socket = connect({
    host,
    port: port === '' ? 443 : Number(port),
    ...(isAddress(host) ? {} : { servername: host }),
    // It is only looked at.
    rejectUnauthorized: false,
    timeout: connectSeconds * 1000,
  });
  socket
    .once('secureConnect', () => resolve(toCertificate(socket.getPeerCertificate())))
    .once('timeout', () => resolve(undefined))
    .once('error', () => resolve(undefined))
    .once('close', () => resolve(undefined));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[0-9.]+$/.test(host);
}

/** The types promise all of it; a certificate need not have a name. */
function toCertificate(peer: Partial<PeerCertificate>): Certificate | undefined {
  const { subject, issuer, valid_from: validFrom, valid_to: validTo, fingerprint256: fingerprint } = peer;
  if (validFrom === undefined || validTo === undefined || fingerprint === undefined) return undefined;
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    validFrom: Date.parse(validFrom),
    validTo: Date.parse(validTo),
    fingerprint,
  };
}

type Name = PeerCertificate['subject'];

function nameOf(name: Partial<Name> | undefined): string {
  return [name?.CN ?? name?.O ?? name?.OU ?? ''].flat().join(', ');
}
