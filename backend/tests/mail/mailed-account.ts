import { type ApiClient, makeAccount } from '../running/api-client.ts';
import type { MailServer } from '../running/mail-server.ts';
import { waitUntil } from '../running/wait-until.ts';

/** Creates an account and confirms its address with the mailed code, so that its finished batches are mailed. */
export async function makeMailedAccount(
  given: Parameters<typeof makeAccount>[0],
  mailServer: MailServer,
): Promise<ApiClient> {
  const account = await makeAccount(given);
  const subject = await waitUntil(
    'the code was mailed',
    () => mailServer.mails.findLast(({ to }) => to.includes(account.email))?.parsed.subject,
  );
  const code = /^(\d{4}) (\d{4}) /.exec(subject)?.slice(1).join('') ?? '';
  const answer = await account.fetch('/api/v1/me/confirm', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (answer.status !== 200) throw new Error(`not confirmed: ${answer.status} ${await answer.text()}`);
  return account;
}
