import { z } from 'zod';
import { helloSchema, serverEventSchema, sinceSchema } from '../../../shared/events.ts';
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
      // Who cannot set a header says in the first message who it is.
      access: 'anyone',
      operation: {
        summary: 'Listen to what happens, over a WebSocket',
        query: eventsQuerySchema,
        answers: {
          101: {
            description: [
              'The connection becomes a WebSocket that carries JSON text frames to the client: first `hello`, then events as they happen.',
              'The token comes in Authorization, or else in the first message, within 5 s:',
              "`{type: 'auth', token, since?}`. Any other message ends the socket (1003, 1008, 1009), and so does the token's end (4401),",
              'a client that does not answer pings, or one for which more than 1 MB waits. 1001: the server goes away; 1013: try again later.',
            ].join(' '),
            body: { schema: z.union([helloSchema, serverEventSchema]), description: 'Each of the frames.' },
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
