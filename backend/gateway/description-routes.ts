import { z } from 'zod';
import { describeInterface, type InterfaceGroup } from '../http/open-api.ts';
import type { Route } from '../http/routes.ts';

const groups: readonly InterfaceGroup[] = [
  {
    name: 'Server',
    description: 'Health and limits of the server. No account needed.',
    paths: ['/healthz', '/readyz', '/api/v1/server', '/api/v1/openapi.json'],
  },
  {
    name: 'Scripts',
    description: 'Three calls for scripts: sign in, upload, download.',
    paths: ['/login', '/upload', '/download'],
  },
  { name: 'Accounts', description: 'Accounts and their passwords.', paths: ['/api/v1/accounts', '/api/v1/me'] },
  { name: 'Sessions', description: 'Signing in, refreshing tokens and signing out.', paths: ['/api/v1/sessions'] },
  {
    name: 'Uploads',
    description: [
      'Resumable uploads (https://tus.io/protocols/resumable-upload, 1.0.0).',
      'A client that cannot send HEAD, PATCH or DELETE sends a POST and names the method in X-HTTP-Method-Override.',
    ].join(' '),
    paths: ['/api/v1/uploads'],
  },
  { name: 'Conversions', description: 'Videos and the MP3s made from them.', paths: ['/api/v1/conversions'] },
  { name: 'Notifications', description: 'Notifications about finished batches.', paths: ['/api/v1/notifications'] },
  { name: 'Events', description: 'Live events over a WebSocket.', paths: ['/api/v1/events'] },
  { name: 'Mail', description: 'The pages that links in mails point to.', paths: ['/open/'] },
];

const description = [
  'Converts videos to MP3s. Times are ISO 8601 in UTC, sizes are in bytes, durations in seconds, progress is a fraction 0–1. Ids are opaque.',
  'Every error is a problem (RFC 9457); programs should compare its `code`. Every GET route answers HEAD too; other methods get 405 with `Allow`.',
  'What belongs to another account is answered with 404, as if it did not exist.',
].join('\n');

const openApiSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.unknown()),
});

/** Adds the route that describes the whole interface to the given routes. */
export function withDescription(described: readonly Route[], version: string): readonly Route[] {
  let text: string | undefined;
  const route: Route = {
    method: 'get',
    path: '/api/v1/openapi.json',
    access: 'anyone',
    operation: {
      summary: 'Get this description',
      answers: { 200: { description: 'OpenAPI 3.1.', body: { schema: openApiSchema } } },
    },
    async handle({ response }) {
      text ??= JSON.stringify(describeInterface({ title: 'Soundlift', description, version, groups, routes }));
      response.type('json').send(text);
    },
  };
  const routes = [...described, route];
  return routes;
}
