import type { Express } from 'express';
import { createApp } from '../http/app.ts';
import { accountRoutes } from './account-routes.ts';
import { conversionRoutes } from './conversion-routes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { notificationRoutes } from './notification-routes.ts';
import { originalRoutes } from './original-routes.ts';
import { serverRoutes } from './server-routes.ts';

/** The one public service: all of the HTTP interface, over what it is given. Serve it with `startServer`. */
export function createGateway(parts: GatewayParts): Express {
  const { authentication, hosts, trustedProxies = [], log } = parts;
  const routes = [
    ...serverRoutes(parts),
    ...originalRoutes(parts),
    ...accountRoutes(parts),
    ...conversionRoutes(parts),
    ...notificationRoutes(parts),
  ];
  return createApp({ routes, authentication, hosts, trustedProxies, log });
}
