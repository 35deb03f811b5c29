import { z } from 'zod';
import { sinceSchema, socketFrameSchema } from '../../../shared/events.ts';
import type { Authentication } from '../../http/authentication.ts';
import { parseBearer } from '../../http/authorization-header.ts';
import { readQuery } from '../../http/read-request.ts';
import type { Route } from '../../http/routes.ts';
import type { EventSockets } from './event-sockets.ts';

const eventsQuerySchema = z.object({ since: sinceSchema.optional() });

export interface EventRoutesParts {
  readonly authentication: Pick<Authentication, 'identify'>;
  readonly sockets: EventSockets;
}

export function eventRoutes({ authentication, sockets }: EventRoutesParts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/events',
      // A client that cannot set a header signs in with its first message.
      access: 'anyone',
      operation: {
        summary: 'Listen to events over a WebSocket',
        query: eventsQuerySchema,
        answers: {
          101: {
            description: [
              'The connection becomes a WebSocket that sends JSON text frames to the client: first `hello`, then events as they happen,',
              'and `at` with each ping, every 30 s. A client that connects again sends the latest `at` that it has received as `since`.',
              'The client sends its token in Authorization, or in its first message within 5 s:',
              "`{type: 'auth', token, since?}`. The server closes the socket on any other message (1003, 1008, 1009), when the token expires or is revoked (4401),",
              'if the client does not answer pings, or if more than 1 MB waits for it. 1001: the server is shutting down; 1013: try again later.',
            ].join(' '),
            body: { schema: socketFrameSchema, description: 'A frame.' },
          },
        },
        problems: ['bad_request', 'unauthorized', 'too_many'],
      },
      async handle({ request, response }) {
        sockets.check(request);
        const { since } = readQuery(request, eventsQuerySchema);
        const { authorization } = request.headers;
        const signedIn = authorization === undefined ? undefined : await signIn(parseBearer(authorization));
        sockets.open(request, response, {
          ...(signedIn === undefined ? {} : { signedIn }),
          ...(since === undefined ? {} : { since }),
        });
      },
    },
  ];

  async function signIn(token: string) {
    return { token, identity: await authentication.identify(token) };
  }
}
