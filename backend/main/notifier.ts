// The notifier as a process of its own: notifications, and mails where SMTP_URL is set.
import { createRemoteAuthentication } from '../http/remote-authentication.ts';
import { needed } from './cluster-parts.ts';
import { mailHost, openMailer } from './open-mailer.ts';
import { openServiceParts } from './open-service-parts.ts';
import { runService } from './run-service.ts';
import { startNotifierService } from './services.ts';

await runService(async (service) => {
  const { config, running, say } = service;
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  const mail = mailer && {
    mailer,
    authentication: createRemoteAuthentication({ url: needed('AUTH_URL', config.authUrl) }),
    // The mails link to it.
    url: needed('PUBLIC_URL', config.publicUrl),
    host: mailHost(config),
  };
  const parts = await openServiceParts(service);
  running.use(await startNotifierService(parts, config, mail));
  say(mail === undefined ? 'notifying' : 'notifying and mailing');
});
