import { z } from 'zod';
import { serverInfoSchema } from '../../shared/api.ts';
import type { Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** Routes about the server itself. They need no account. */
export function serverRoutes({ settings, reachAll }: Pick<GatewayParts, 'settings' | 'reachAll'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      access: 'anyone',
      operation: {
        summary: 'Check that the process is running',
        answers: { 200: { description: 'It is.', body: { contentType: 'text/plain', schema: z.literal('ok\n') } } },
      },
      async handle({ response }) {
        response.type('text/plain').send('ok\n');
      },
    },
    {
      method: 'get',
      path: '/readyz',
      access: 'anyone',
      operation: {
        summary: 'Check that the server can reach the services that it needs',
        answers: {
          200: { description: 'It can.', body: { contentType: 'text/plain', schema: z.literal('ready\n') } },
        },
        problems: ['unavailable'],
      },
      async handle({ response }) {
        await reachAll();
        response.type('text/plain').send('ready\n');
      },
    },
    {
      method: 'get',
      path: '/api/v1/server',
      access: 'anyone',
      operation: {
        summary: 'Get the limits of the server',
        answers: { 200: { description: 'The limits.', body: { schema: serverInfoSchema } } },
      },
      async handle({ response }) {
        const { version, signUp, mail, maxUploadBytes, maxDurationSeconds } = settings;
        response.json({ version, signUp, mail, maxUploadBytes, maxDurationSeconds });
      },
    },
  ];
}
