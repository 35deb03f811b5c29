// The gateway as a process of its own: the only service that people reach.
import { createRemoteAuthentication } from '../http/remote-authentication.ts';
import { needed } from './cluster-parts.ts';
import { startGatewayListener } from './gateway-listener.ts';
import { startGatewayService } from './gateway-service.ts';
import { openServiceParts } from './open-service-parts.ts';
import { readOwnVersion } from './own-version.ts';
import { runService } from './run-service.ts';
import { startOwnerSide } from './services.ts';

await runService(async (service) => {
  const { config, log, running, say } = service;
  const authentication = createRemoteAuthentication({ url: needed('AUTH_URL', config.authUrl) });
  const listener = running.use(await startGatewayListener(config, { log, places: 0, handsOver: true }));
  const parts = await openServiceParts(service);
  const owners = running.use(await startOwnerSide(parts, config));
  const { onAnswer } = parts;
  running.use(
    startGatewayService(listener, parts, config, {
      owners,
      authentication,
      version: await readOwnVersion(),
      mail: config.smtpUrl !== undefined,
      ...(onAnswer === undefined ? {} : { onAnswer }),
    }),
  );
  say(`listening on ${listener.url}`);
});
