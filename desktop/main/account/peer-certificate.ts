import { connect, type PeerCertificate } from 'node:tls';
import type { Certificate } from '../../ipc.ts';

const connectSeconds = 10;

/**
 * The certificate that the server at `url` presents, trusted or not. No request is sent. Undefined if there is none.
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
    // The certificate is only shown.
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

/** The types say that all fields are there, but a certificate may have no name. */
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
