/** The chosen backend and its state. */
export type BackendStatus =
  /** The first run: nothing is chosen yet. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'here';
      readonly state: 'ready' | 'starting' | 'broken';
      /** A sentence, if it is broken: no ffmpeg, for example. */
      readonly problem?: string;
      /** The number of videos at once that the app would choose for this computer. */
      readonly advisedAtOnce: number;
    }
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly email: string;
      readonly connection: 'connected' | 'connecting' | 'offline' | 'signed_out';
      /** The person signed out in this app, so no notice is needed. */
      readonly leftOnPurpose?: true;
      /** Time of the next try, milliseconds since 1970; only while offline. */
      readonly nextTryAt?: number;
      /** Whether finished batches are mailed; absent if the server cannot send mail. */
      readonly mail?: boolean;
      /** Whether the account's address is confirmed; a code was mailed to it. */
      readonly confirmed: boolean;
      /** The system cannot keep secrets, so the person must sign in again after the next start. */
      readonly thisSessionOnly: boolean;
      /** The connection is not encrypted: http to another computer. */
      readonly readable: boolean;
    };

/** Why signing in or another account step failed. */
export type AccountProblem =
  | { readonly code: 'address' | 'email' | 'short_password' | 'wrong_password' | 'wrong_code' | 'taken' | 'signed_out' }
  | { readonly code: 'unreachable' | 'not_soundlift' | 'closed' | 'no_mail'; readonly host: string }
  /** `endedAt`: milliseconds since 1970, if the certificate has expired. */
  | {
      readonly code: 'certificate';
      readonly host: string;
      readonly reason: 'expired' | 'not_yet' | 'other_name' | 'unknown_issuer' | 'other';
      readonly endedAt?: number;
    }
  | { readonly code: 'too_many'; readonly againInSeconds: number }
  /** Anything else, as a sentence. */
  | { readonly code: 'other'; readonly sentence: string };

export type AccountAnswer =
  /** `codeMailed`: a code was mailed to the address of a new account, to confirm it. */
  { readonly ok: true; readonly codeMailed?: true } | { readonly ok: false; readonly problem: AccountProblem };

export interface SignInForm {
  readonly address: string;
  readonly email: string;
  readonly password: string;
}

/** The certificate that a server presents. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256, hexadecimal with colons. */
  readonly fingerprint: string;
}
