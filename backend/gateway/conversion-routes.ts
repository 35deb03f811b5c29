import { conversionsQuerySchema, retryRequestSchema } from '../../shared/api.ts';
import { readJson, readQuery } from '../http/read-request.ts';
import { pathParameter, type Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { sendResult } from './send-result.ts';

const conversionsPath = '/api/v1/conversions';

export function conversionRoutes({ conversions }: Pick<GatewayParts, 'conversions'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: conversionsPath,
      access: 'account',
      async handle({ request, response, identity }) {
        const { state, batchId, cursor, limit } = readQuery(request, conversionsQuerySchema);
        const page = await conversions.page({
          owner: identity.accountId,
          limit,
          ...(state === undefined ? {} : { state }),
          ...(batchId === undefined ? {} : { batchId }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        response.json(page);
      },
    },
    {
      method: 'post',
      path: `${conversionsPath}/clear`,
      access: 'account',
      async handle({ response, identity }) {
        await conversions.clear(identity.accountId);
        response.status(204).end();
      },
    },
    {
      method: 'get',
      path: `${conversionsPath}/:id`,
      access: 'account',
      async handle({ request, response, identity }) {
        response.json(await conversions.get(identity.accountId, pathParameter(request, 'id')));
      },
    },
    {
      method: 'delete',
      path: `${conversionsPath}/:id`,
      access: 'account',
      async handle({ request, response, identity }) {
        await conversions.remove(identity.accountId, pathParameter(request, 'id'));
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: `${conversionsPath}/:id/cancel`,
      access: 'account',
      async handle({ request, response, identity }) {
        response.json(await conversions.cancel(identity.accountId, pathParameter(request, 'id')));
      },
    },
    {
      method: 'post',
      path: `${conversionsPath}/:id/retry`,
      access: 'account',
      async handle({ request, response, identity }) {
        const { options } = await readJson(request, response, retryRequestSchema);
        response.json(await conversions.retry(identity.accountId, pathParameter(request, 'id'), options));
      },
    },
    {
      method: 'get',
      path: `${conversionsPath}/:id/file`,
      access: 'account',
      async handle(call) {
        await sendResult(call, conversions, pathParameter(call.request, 'id'));
      },
    },
  ];
}
