import { accountSchema, credentialsSchema } from '../../shared/api.ts';
import { readJson } from '../http/read-request.ts';
import type { Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

export function accountRoutes({ authentication }: Pick<GatewayParts, 'authentication'>): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/api/v1/accounts',
      access: 'anyone',
      operation: {
        summary: 'Make an account',
        body: { schema: credentialsSchema },
        answers: { 201: { description: 'The account.', body: { schema: accountSchema } } },
        problems: ['forbidden', 'taken', 'unavailable'],
      },
      async handle({ request, response }) {
        const credentials = await readJson(request, response, credentialsSchema);
        const { email, admin } = await authentication.createAccount(credentials);
        response.status(201).json({ email, admin });
      },
    },
  ];
}
