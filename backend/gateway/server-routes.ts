import { z } from 'zod';
import { serverInfoSchema } from '../../shared/api.ts';
import type { Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** What may be asked without an account: whether the server is there, and what it takes. */
export function serverRoutes({ settings, reachAll }: Pick<GatewayParts, 'settings' | 'reachAll'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      access: 'anyone',
      operation: {
        summary: 'Ask whether the process lives',
        answers: { 200: { description: 'It does.', body: { contentType: 'text/plain', schema: z.literal('ok\n') } } },
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
        summary: 'Ask whether the server reaches what it needs',
        answers: {
          200: { description: 'It does.', body: { contentType: 'text/plain', schema: z.literal('ready\n') } },
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
        summary: 'Ask what the server takes, before anything is sent',
        answers: { 200: { description: 'What it takes.', body: { schema: serverInfoSchema } } },
      },
      async handle({ response }) {
        const { version, signUp, mail, maxUploadBytes, maxDurationSeconds } = settings;
        response.json({ version, signUp, mail, maxUploadBytes, maxDurationSeconds });
      },
    },
  ];
}
