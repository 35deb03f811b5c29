import { randomUUID } from 'node:crypto';
import { escapeHtml } from '../http/escape-html.ts';
import type { CodePurpose } from '../ports/code-store.ts';
import type { MailMessage } from '../ports/mailer.ts';
import { codeMinutes } from './codes.ts';

export interface CodeMail {
  readonly purpose: CodePurpose;
  readonly to: string;
  readonly code: string;
  /** The server's name: `sound.example.org`. */
  readonly host: string;
}

const words: Readonly<
  Record<CodePurpose, { readonly subject: string; readonly sentence: string; readonly otherwise: string }>
> = {
  confirm: {
    subject: 'is your Soundlift code',
    sentence:
      'Enter this code in Soundlift to confirm your address. Soundlift can then e-mail you when conversions finish.',
    otherwise: 'If you did not create an account, ignore this e-mail. You will not get another one.',
  },
  reset: {
    subject: 'is your Soundlift password reset code',
    sentence: 'Enter this code in Soundlift, together with your new password.',
    otherwise: 'If you did not ask for it, ignore this e-mail. Your password has not changed.',
  },
};

/** The mail with a code. */
export function codeMail({ purpose, to, code, host }: CodeMail): MailMessage {
  const { subject, sentence, otherwise } = words[purpose];
  const shown = `${code.slice(0, 4)} ${code.slice(4)}`;
  const lasts = `The code is valid for ${codeMinutes} minutes.`;
  return {
    to,
    subject: `${shown} ${subject}`,
    text: [sentence, '', `  ${shown}`, '', `${lasts} ${otherwise}`, '', '--', `Sent by ${host}.`, ''].join('\n'),
    html: htmlOf({ title: `${shown} ${subject}`, sentence, shown, foot: `${lasts} ${otherwise} Sent by ${host}.` }),
    messageId: `<${randomUUID()}@${host}>`,
  };
}

function htmlOf(given: {
  readonly title: string;
  readonly sentence: string;
  readonly shown: string;
  readonly foot: string;
}): string {
  const [title, sentence, shown, foot] = [given.title, given.sentence, given.shown, given.foot].map(escapeHtml);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
  body { margin: 0; padding: 24px 12px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #16191a; background: #f4f6f6; }
  table { border-collapse: collapse; }
  .card { width: 100%; max-width: 560px; margin: 0 auto; background: #fff; border-radius: 12px; }
  .card > tbody > tr > td { padding: 28px 28px 20px; }
  p { margin: 0 0 16px; }
  .code { font: 600 28px/1.3 ui-monospace, Consolas, monospace; letter-spacing: 2px; }
  .foot { font-size: 12px; color: #566164; }
  @media (prefers-color-scheme: dark) {
    body { background: #17191a; color: #eef1f1; } .card { background: #1e2122; } .foot { color: #a8b2b4; }
  }
</style>
</head>
<body>
<table class="card" role="presentation"><tr><td>
  <p>${sentence}</p>
  <p class="code">${shown}</p>
  <p class="foot">${foot}</p>
</td></tr></table>
</body>
</html>
`;
}
