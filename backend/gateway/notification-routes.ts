import { z } from 'zod';
import { notificationsPageSchema, notificationsQuerySchema } from '../../shared/api.ts';
import { readJson, readQuery } from '../http/read-request.ts';
import type { Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

const readNotificationsSchema = z.strictObject({ ids: z.array(z.string().min(1).max(200)).max(1000) });

export function notificationRoutes({ notifications }: Pick<GatewayParts, 'notifications'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/notifications',
      access: 'account',
      operation: {
        summary: 'List notifications, newest first',
        query: notificationsQuerySchema,
        answers: { 200: { description: 'A page of notifications.', body: { schema: notificationsPageSchema } } },
      },
      async handle({ request, response, identity }) {
        const { unread, cursor, limit } = readQuery(request, notificationsQuerySchema);
        const page = await notifications.page({
          owner: identity.accountId,
          limit,
          ...(unread === undefined ? {} : { unread }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        response.json(page);
      },
    },
    {
      method: 'post',
      path: '/api/v1/notifications/read',
      access: 'account',
      operation: {
        summary: 'Mark notifications as read',
        body: { schema: readNotificationsSchema },
        answers: { 204: { description: 'Those that belong to the account are marked as read.' } },
      },
      async handle({ request, response, identity }) {
        const { ids } = await readJson(request, response, readNotificationsSchema);
        await notifications.markRead(identity.accountId, ids);
        response.status(204).end();
      },
    },
  ];
}
