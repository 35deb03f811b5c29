import {
  conversionSchema,
  conversionsPageSchema,
  conversionsQuerySchema,
  retryRequestSchema,
} from '../../shared/api.ts';
import { readJson, readQuery } from '../http/read-request.ts';
import { pathParameter, type Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { resultOperation, sendResult } from './send-result.ts';

const conversionsPath = '/api/v1/conversions';

export function conversionRoutes({ conversions }: Pick<GatewayParts, 'conversions'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: conversionsPath,
      access: 'account',
      operation: {
        summary: 'List conversions, newest first',
        query: conversionsQuerySchema,
        answers: { 200: { description: 'A page of conversions.', body: { schema: conversionsPageSchema } } },
      },
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
      operation: {
        summary: 'Remove all conversions that have ended, with their files',
        answers: { 204: { description: 'They are removed.' } },
      },
      async handle({ response, identity }) {
        await conversions.clear(identity.accountId);
        response.status(204).end();
      },
    },
    {
      method: 'get',
      path: `${conversionsPath}/:id`,
      access: 'account',
      operation: {
        summary: 'Get a conversion',
        answers: { 200: { description: 'The conversion, with peaks.', body: { schema: conversionSchema } } },
      },
      async handle({ request, response, identity }) {
        response.json(await conversions.get(identity.accountId, pathParameter(request, 'id')));
      },
    },
    {
      method: 'delete',
      path: `${conversionsPath}/:id`,
      access: 'account',
      operation: {
        summary: 'Remove a conversion and its files; if it has not ended, it is cancelled first',
        answers: { 204: { description: 'The conversion is removed.' } },
      },
      async handle({ request, response, identity }) {
        await conversions.remove(identity.accountId, pathParameter(request, 'id'));
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: `${conversionsPath}/:id/cancel`,
      access: 'account',
      operation: {
        summary: 'Cancel a conversion that has not ended',
        answers: { 200: { description: 'The cancelled conversion.', body: { schema: conversionSchema } } },
        problems: ['wrong_state'],
      },
      async handle({ request, response, identity }) {
        response.json(await conversions.cancel(identity.accountId, pathParameter(request, 'id')));
      },
    },
    {
      method: 'post',
      path: `${conversionsPath}/:id/retry`,
      access: 'account',
      operation: {
        summary: 'Retry a conversion that failed or was cancelled',
        body: { schema: retryRequestSchema, description: 'Without options, the previous ones are used.' },
        answers: { 200: { description: 'The conversion, queued.', body: { schema: conversionSchema } } },
        problems: ['wrong_state', 'gone'],
      },
      async handle({ request, response, identity }) {
        const { options } = await readJson(request, response, retryRequestSchema);
        response.json(await conversions.retry(identity.accountId, pathParameter(request, 'id'), options));
      },
    },
    {
      method: 'get',
      path: `${conversionsPath}/:id/file`,
      access: 'account',
      isTransfer: true,
      operation: resultOperation('Download the MP3 of a conversion'),
      async handle(call) {
        await sendResult(call, conversions, pathParameter(call.request, 'id'));
      },
    },
  ];
}
