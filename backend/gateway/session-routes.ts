import { refreshRequestSchema, sessionSchema, signInRequestSchema } from '../../shared/api.ts';
import { readJson } from '../http/read-request.ts';
import { clientOf, type Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';

const sessionsPath = '/api/v1/sessions';
const sessionAnswer = { 200: { description: 'A pair of tokens.', body: { schema: sessionSchema } } };

/** Routes to sign in, refresh tokens and sign out. */
export function sessionRoutes({ authentication }: Pick<GatewayParts, 'authentication'>): readonly Route[] {
  return [
    {
      method: 'post',
      path: sessionsPath,
      access: 'anyone',
      operation: {
        summary: 'Sign in and start a session',
        body: { schema: signInRequestSchema },
        answers: sessionAnswer,
        problems: ['unauthorized', 'too_many', 'unavailable'],
      },
      async handle({ request, response }) {
        const credentials = await readJson(request, response, signInRequestSchema);
        response.json(await authentication.startSession(credentials, clientOf(request)));
      },
    },
    {
      method: 'post',
      path: `${sessionsPath}/refresh`,
      access: 'anyone',
      operation: {
        summary: 'Get the next pair of tokens',
        body: { schema: refreshRequestSchema },
        answers: sessionAnswer,
        problems: ['unauthorized', 'unavailable'],
      },
      async handle({ request, response }) {
        const { refreshToken } = await readJson(request, response, refreshRequestSchema);
        response.json(await authentication.refreshSession(refreshToken));
      },
    },
    {
      method: 'delete',
      path: sessionsPath,
      access: 'account',
      operation: { summary: 'Sign out', answers: { 204: { description: 'The session and its tokens have ended.' } } },
      async handle({ response, identity }) {
        await authentication.endSession(identity);
        response.status(204).end();
      },
    },
  ];
}
