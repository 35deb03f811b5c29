import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestGateway, type TestGateway } from '../test-gateway.ts';

const operationSchema = z.looseObject({
  operationId: z.string(),
  parameters: z.array(z.unknown()).default([]),
  responses: z.record(z.string(), z.unknown()),
});
const documentSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

/** The calls that clients rely on and that must always exist. */
const contract = [
  'POST /login',
  'POST /upload',
  'GET /download',
  'GET /healthz',
  'GET /readyz',
  'GET /open/b/{batchId}',
  'GET /api/v1/server',
  'POST /api/v1/accounts',
  'POST /api/v1/accounts/reset',
  'POST /api/v1/accounts/reset/confirm',
  'POST /api/v1/sessions',
  'POST /api/v1/sessions/refresh',
  'DELETE /api/v1/sessions',
  'GET /api/v1/me',
  'PATCH /api/v1/me',
  'DELETE /api/v1/me',
  'POST /api/v1/me/confirm',
  'POST /api/v1/me/password',
  'OPTIONS /api/v1/uploads',
  'POST /api/v1/uploads',
  'HEAD /api/v1/uploads/{id}',
  'PATCH /api/v1/uploads/{id}',
  'DELETE /api/v1/uploads/{id}',
  'GET /api/v1/conversions',
  'GET /api/v1/conversions/{id}',
  'DELETE /api/v1/conversions/{id}',
  'POST /api/v1/conversions/{id}/cancel',
  'POST /api/v1/conversions/{id}/retry',
  'POST /api/v1/conversions/clear',
  'GET /api/v1/conversions/{id}/file',
  'GET /api/v1/notifications',
  'POST /api/v1/notifications/read',
  'GET /api/v1/events',
  'GET /api/v1/openapi.json',
];

let gateway: TestGateway;
let text: string;
let description: z.infer<typeof documentSchema>;

beforeAll(async () => {
  gateway = await startTestGateway();
  text = await (await fetch(`${gateway.url}/api/v1/openapi.json`)).text();
  description = documentSchema.parse(JSON.parse(text));
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('the description of the interface', () => {
  it('passes an OpenAPI linter', async () => {
    const config = await createConfig({
      extends: ['recommended'],
      rules: {
        // The options are a union by format, so that other formats can be added.
        'no-illogical-composition-keywords': 'off',
        // A WebSocket starts with 101. A test below checks that all other routes have a 2xx answer.
        'operation-2xx-response': 'off',
      },
    });
    const problems = await lintFromString({
      source: text,
      absoluteRef: join(import.meta.dirname, 'openapi.json'),
      config,
    });
    expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))).toEqual(
      [],
    );
  });

  it('is of this version of the server, in OpenAPI 3.1', () => {
    expect(description.openapi).toMatch(/^3\.1\./);
    expect(description.info.version).toBe('1.2.3');
  });

  it('has every route and nothing else', () => {
    const described = Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const answered = gateway.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual(answered.toSorted());
  });

  it.each(contract)('has %s', (call) => {
    const [method = '', path = ''] = call.split(' ');
    expect(Object.keys(description.paths[path] ?? {})).toContain(method.toLowerCase());
  });

  it('gives each operation a unique name', () => {
    const names = Object.values(description.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('getConversionsByIdFile');
  });

  it('names the schemas of the interface', () => {
    const names = Object.keys(description.components.schemas);
    expect(names).toEqual(
      expect.arrayContaining(['Conversion', 'Notification', 'Problem', 'Session', 'Account', 'Hello']),
    );
  });

  it('states the bounds of a parameter', () => {
    const operation = description.paths['/api/v1/conversions']?.['get'];
    expect(operation?.parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100 },
    });
  });

  it('has no dangling references', () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(10);
    expect(Object.keys(description.components.schemas)).toEqual(expect.arrayContaining(references));
  });
});

describe('every route', () => {
  it('has a schema for each JSON body', () => {
    const without = gateway.routes.flatMap(({ method, path, operation }) => {
      const bodies = [operation.body, ...Object.values(operation.answers).map(({ body }) => body)];
      const isJson = ({ contentType = 'application/json' }) => contentType === 'application/json';
      return bodies.some((body) => body !== undefined && isJson(body) && body.schema === undefined)
        ? [`${method} ${path}`]
        : [];
    });
    expect(without).toEqual([]);
  });

  it('has an answer for success', () => {
    const without = gateway.routes.filter(
      ({ operation }) => !Object.keys(operation.answers).some((status) => /^(2|101)/.test(status)),
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });
});
