import type { Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** What may be asked without an account: whether the server is there, and what it takes. */
export function serverRoutes({ settings, reachAll }: Pick<GatewayParts, 'settings' | 'reachAll'>): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      access: 'anyone',
      async handle({ response }) {
        response.type('text/plain').send('ok\n');
      },
    },
    {
      method: 'get',
      path: '/readyz',
      access: 'anyone',
      async handle({ response }) {
        await reachAll();
        response.type('text/plain').send('ready\n');
      },
    },
    {
      method: 'get',
      path: '/api/v1/server',
      access: 'anyone',
      async handle({ response }) {
        const { version, signUp, mail, maxUploadBytes, maxDurationSeconds } = settings;
        response.json({ version, signUp, mail, maxUploadBytes, maxDurationSeconds });
      },
    },
  ];
}
