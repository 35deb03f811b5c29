import { z } from 'zod';
import { describeInterface, type InterfaceGroup } from '../http/open-api.ts';
import type { Route } from '../http/routes.ts';

const groups: readonly InterfaceGroup[] = [
  {
    name: 'Server',
    description: 'Whether it is there, and what it takes. Without an account.',
    paths: ['/healthz', '/readyz', '/api/v1/server', '/api/v1/openapi.json'],
  },
  {
    name: 'Scripts',
    description: 'Three calls with which a script signs in, uploads and downloads.',
    paths: ['/login', '/upload', '/download'],
  },
  { name: 'Accounts', description: 'Accounts and their passwords.', paths: ['/api/v1/accounts', '/api/v1/me'] },
  { name: 'Sessions', description: 'How a client stays signed in.', paths: ['/api/v1/sessions'] },
  {
    name: 'Uploads',
    description: [
      'Uploads that go on where they broke off (https://tus.io/protocols/resumable-upload, 1.0.0).',
      'A client that knows no HEAD, PATCH or DELETE sends a POST that names them in X-HTTP-Method-Override.',
    ].join(' '),
    paths: ['/api/v1/uploads'],
  },
  { name: 'Conversions', description: 'Videos on their way to an MP3.', paths: ['/api/v1/conversions'] },
  { name: 'Notifications', description: 'What has ended.', paths: ['/api/v1/notifications'] },
  { name: 'Events', description: 'What happens, as it happens.', paths: ['/api/v1/events'] },
  { name: 'Mail', description: 'What the links in mails lead to.', paths: ['/open/'] },
];

const description = [
  'Drop a video, get the sound. Times are ISO 8601 in UTC, sizes bytes, durations seconds, progress a fraction 0–1. Ids are opaque.',
  'Every refusal is a problem (RFC 9457) whose `code` programs compare. Every GET answers HEAD too; other methods get 405 with `Allow`.',
  'What belongs to another account is answered as what never was: 404.',
].join('\n');

const openApiSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.unknown()),
});

/** The routes of the whole interface: those given, and the one that describes them all. */
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
