// Auth as a process of its own: accounts and tokens, for the other services only.
import { createAuthApp } from '../auth/auth-app.ts';
import { startServer } from '../http/server.ts';
import { openClusterAuthParts } from './cluster-parts.ts';
import { openAuth } from './open-auth.ts';
import { openMailer } from './open-mailer.ts';
import { runService } from './run-service.ts';

await runService(async ({ config, log, running, signal, say }) => {
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  const parts = running.use(await openClusterAuthParts(config, log, signal));
  const authentication = running.use(await openAuth(parts, { ...config, authUrl: undefined }, mailer));
  const { host, port, loopback } = config;
  const server = await startServer(createAuthApp({ authentication, loopback, log }), { host, port, log });
  running.defer(() => server.close());
  say(`listening on ${server.url}`);
});
