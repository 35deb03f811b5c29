// The gateway as a process of its own: the only service that people reach.
import { createRemoteAuthentication } from '../http/remote-authentication.ts';
import { needed, openClusterParts } from './cluster-parts.ts';
import { startGatewayService } from './gateway-service.ts';
import { openMetrics, serveMetrics } from './metrics-server.ts';
import { readOwnVersion } from './own-version.ts';
import { runService } from './run-service.ts';
import { startOwnerSide } from './services.ts';

await runService(async ({ config, log, running, signal, say }) => {
  const authentication = createRemoteAuthentication({ url: needed('AUTH_URL', config.authUrl) });
  const metrics = await openMetrics(config);
  const opened = running.use(await openClusterParts(config, log, { signal, onSkipped: metrics?.countSkipped }));
  const parts = metrics === undefined ? opened : { ...opened, onTransition: metrics.countTransition };
  if (metrics !== undefined) {
    const server = await serveMetrics(metrics, config, parts, authentication);
    running.defer(() => server.close());
    say(`metrics on ${server.url}/metrics`);
  }
  const owners = running.use(await startOwnerSide(parts, config));
  const gateway = running.use(
    await startGatewayService(parts, config, {
      owners,
      authentication,
      version: await readOwnVersion(),
      mail: config.smtpUrl !== undefined,
      places: 0,
      handsOver: true,
      ...(metrics === undefined ? {} : { onAnswer: metrics.countAnswer }),
    }),
  );
  say(`listening on ${gateway.url}`);
});
