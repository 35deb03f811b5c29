import type { CodePurpose } from '../ports/code-store.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { UserRecord } from '../ports/user-store.ts';
import type { Background } from './background.ts';
import { sendInBackground } from './background-mail.ts';
import { codeMail } from './code-mail.ts';
import type { Codes } from './codes.ts';

export interface AuthMail {
  readonly mailer: Mailer;
  /** The server's name in mails: `sound.example.org`. */
  readonly host: string;
}

export interface CodeSenderParts {
  readonly codes: Codes;
  /** Left out if this server cannot mail. */
  readonly mail?: AuthMail;
  readonly background: Background;
}

/** Mails codes to accounts. */
export interface CodeSender {
  /** False if this server cannot mail; `send` then does nothing. */
  readonly canMail: boolean;
  /** Makes a code and mails it in the background. False when a code was sent less than a minute ago. */
  send(user: UserRecord, purpose: CodePurpose): Promise<boolean>;
}

export function createCodeSender({ codes, mail, background }: CodeSenderParts): CodeSender {
  return {
    canMail: mail !== undefined,
    async send(user, purpose) {
      if (mail === undefined) return true;
      const code = await codes.issue(user.id, purpose);
      if (code === undefined) return false;
      sendInBackground(codeMail({ purpose, to: user.email, code, host: mail.host }), mail.mailer, background);
      return true;
    },
  };
}
