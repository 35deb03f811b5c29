import { type BadLine, openBadLine } from '../running/bad-line.ts';
import { type MailServer, startMailServer } from '../running/mail-server.ts';

/** The mail server of a backend, behind a line that can be down. */
export interface FlowMail extends AsyncDisposable {
  readonly server: MailServer;
  readonly line: BadLine;
  /** The settings of what sends mail. */
  readonly environment: Readonly<Record<'SMTP_URL' | 'MAIL_FROM', string>>;
}

export async function startFlowMail(): Promise<FlowMail> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startMailServer());
  const line = opened.use(await openBadLine({ target: () => server.url }));
  const kept = opened.move();
  return {
    server,
    line,
    environment: {
      SMTP_URL: line.url.replace('http:', 'smtp:'),
      MAIL_FROM: 'Soundlift <no-reply@sound.example.org>',
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
