import { type AppError, isAppError } from '../../../shared/errors.ts';
import { serverTroubleOf } from '../../client/server-http.ts';
import type { AccountProblem } from '../../ipc.ts';
import { readPeerCertificate } from './peer-certificate.ts';

/** The kind of a request to a server, as far as its refusals mean different things. */
export type AccountCall = 'sign_in' | 'create_account' | 'with_code' | 'send_code' | 'signed_in';

/** The time that is shown if the server gives none. */
const againInSeconds = 60;

type CertificateReason = Extract<AccountProblem, { readonly code: 'certificate' }>['reason'];

/** Why a call to the server at `url` failed. Throws errors that are no AppError. */
export async function accountProblem(error: unknown, call: AccountCall, url: string): Promise<AccountProblem> {
  if (!isAppError(error)) throw error;
  const { host } = new URL(url);
  switch (error.code) {
    case 'unavailable':
      return await troubleProblem(error, url);
    case 'unauthorized':
      return { code: call === 'sign_in' ? 'wrong_password' : 'signed_out' };
    case 'forbidden':
      return call === 'create_account' ? { code: 'closed', host } : other(error);
    case 'taken':
      return { code: 'taken' };
    case 'too_many':
      return { code: 'too_many', againInSeconds: error.details?.['retryAfterSeconds'] ?? againInSeconds };
    case 'wrong_state':
      return call === 'send_code' ? { code: 'no_mail', host } : other(error);
    case 'invalid':
      return call === 'with_code' ? { code: 'wrong_code' } : other(error);
    default:
      return other(error);
  }
}

async function troubleProblem(error: AppError, url: string): Promise<AccountProblem> {
  const { host } = new URL(url);
  const trouble = serverTroubleOf(error);
  switch (trouble?.kind) {
    case 'certificate': {
      const reason = certificateReason(trouble.code);
      const endedAt = reason === 'expired' ? (await readPeerCertificate(url))?.validTo : undefined;
      return { code: 'certificate', host, reason, ...(endedAt === undefined ? {} : { endedAt }) };
    }
    case 'not_soundlift':
    case 'unreachable':
      return { code: trouble.kind, host };
    case undefined:
      return other(error);
  }
}

/** By OpenSSL's error names: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function certificateReason(code: string): CertificateReason {
  if (code === 'CERT_HAS_EXPIRED') return 'expired';
  if (code === 'CERT_NOT_YET_VALID') return 'not_yet';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'other_name';
  return /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code) ? 'unknown_issuer' : 'other';
}

function other(error: AppError): AccountProblem {
  return { code: 'other', sentence: error.message };
}
