import type { Express } from 'express';
import { createApp } from '../http/app.ts';
import { countOpen } from '../http/open-count.ts';
import type { Route } from '../http/routes.ts';
import { accountRoutes } from './account-routes.ts';
import { conversionRoutes } from './conversion-routes.ts';
import { withDescription } from './description-routes.ts';
import { announceEndedSessions } from './events/announce-ended-sessions.ts';
import { eventRoutes } from './events/event-routes.ts';
import { createEventSockets } from './events/event-sockets.ts';
import { socketLimits } from './events/socket-limits.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { loginUploadDownloadRoutes } from './login-upload-download-routes.ts';
import { notificationRoutes } from './notification-routes.ts';
import { openRoutes } from './open-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { tusRoutes } from './tus/tus-routes.ts';

/** The only public service: the whole HTTP interface. Serve its `app` with `startServer`. */
export interface Gateway {
  readonly app: Express;
  /** All routes of `app`. */
  readonly routes: readonly Route[];
  /** Tells connected clients that the server is shutting down. Call it before closing the server. */
  close(): Promise<void>;
}

export function createGateway(given: GatewayParts): Gateway {
  const parts = { ...given, authentication: announceEndedSessions(given.authentication, given.events) };
  const { authentication, hosts, trustedProxies, log, onAnswer = () => {} } = parts;
  const { requests, transfers, sockets: mostSockets } = parts.limits;
  const open = { requests: countOpen(requests, 5), transfers: countOpen(transfers, 10) };
  const sockets = createEventSockets({
    changes: parts.changes,
    events: parts.events,
    authentication,
    limits: { ...socketLimits, ...parts.settings.sockets },
    openSockets: [open.requests, countOpen(mostSockets, 30)],
    log,
  });
  const answering = [
    ...serverRoutes(parts),
    ...loginUploadDownloadRoutes(parts),
    ...openRoutes(),
    ...sessionRoutes(parts),
    ...accountRoutes(parts),
    ...tusRoutes(parts),
    ...conversionRoutes(parts),
    ...notificationRoutes(parts),
    ...eventRoutes({ authentication, sockets }),
  ];
  const routes = withDescription(answering, parts.settings.version);
  const app = createApp({ routes, authentication, hosts, trustedProxies, open, log, onAnswer });
  return { app, routes, close: sockets.close };
}
