import { z } from 'zod';
import { problemSchema } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { AnswerDescription, BodyDescription } from './operation.ts';
import { problemTitle, statusOf } from './problem.ts';
import { problemsOf } from './route-problems.ts';
import type { Route } from './routes.ts';

/** A JSON object, such as a schema or a description. */
export type JsonObject = { readonly [name: string]: unknown };

export interface Interface {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Groups of operations. A route belongs to the first group that has a beginning of its path. */
  readonly groups: readonly InterfaceGroup[];
  readonly routes: readonly Route[];
}

export interface InterfaceGroup {
  readonly name: string;
  readonly description: string;
  /** Beginnings of paths. */
  readonly paths: readonly string[];
}

/** The schema of a stream of bytes. zod describes a file in the same way. */
const bytesSchema: JsonObject = { type: 'string', format: 'binary' };

/**
 * Describes an interface in OpenAPI 3.1, from its routes and the schemas that they validate with. Throws for a route that is in no
 * group.
 */
export function describeInterface({ title, description, version, groups, routes }: Interface): JsonObject {
  const components = new Map<string, unknown>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: describeRoute(route, path, groupOf(path, groups), components) };
  }
  return {
    openapi: '3.1.1',
    info: { title, description, version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'The server that this description comes from.' }],
    tags: groups.map(({ name, description: text }) => ({ name, description: text })),
    paths,
    components: {
      schemas: Object.fromEntries([...components].toSorted(([one], [other]) => (one < other ? -1 : 1))),
      securitySchemes: {
        password: { type: 'http', scheme: 'basic', description: 'E-mail address and password, in UTF-8.' },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

function groupOf(path: string, groups: readonly InterfaceGroup[]): string {
  const group = groups.find(({ paths }) => paths.some((beginning) => path.startsWith(beginning)));
  if (group === undefined) throw new Error(`${path} is in no group of the description`);
  return group.name;
}

function describeRoute(route: Route, path: string, tag: string, components: Map<string, unknown>): JsonObject {
  const { summary, query, headers, body, answers } = route.operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }));
  const parameters = [
    ...inPath,
    ...parametersOf('query', query, components),
    ...parametersOf('header', headers, components),
  ];
  return {
    operationId: operationIdOf(route.method, path),
    summary,
    tags: [tag],
    security: securityOf(route.access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: describeRequestBody(body, components) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer, components)]),
      ),
      ...describeProblems(problemsOf(route), components),
    },
  };
}

function securityOf(access: Route['access']): readonly JsonObject[] {
  if (access === 'anyone') return [];
  return access === 'password' ? [{ password: [] }] : [{ token: [] }];
}

/** `get /api/v1/conversions/{id}/file` → `getConversionsByIdFile`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/^\/api\/v1/, '')
    .replaceAll(/\{(\w+)\}/g, 'by/$1')
    .split(/[^A-Za-z0-9]+/);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(
  place: 'query' | 'header',
  schema: z.ZodObject | undefined,
  components: Map<string, unknown>,
): readonly JsonObject[] {
  const fields: Readonly<Record<string, z.core.$ZodType>> = schema?.shape ?? {};
  return Object.entries(fields).map(([name, field]) => ({
    name,
    in: place,
    required: !z.safeParse(field, undefined).success,
    schema: toJson(field, 'input', components),
  }));
}

/** `readJson` takes a missing body for `{}`. */
function describeRequestBody(body: BodyDescription, components: Map<string, unknown>): JsonObject {
  const { schema, required = schema !== undefined && !schema.safeParse({}).success, description } = body;
  return {
    ...(description === undefined ? {} : { description }),
    required,
    content: contentOf(body, 'input', components),
  };
}

function describeAnswer(answer: AnswerDescription, components: Map<string, unknown>) {
  const { description, body, headers = {}, optionalHeaders = {} } = answer;
  const described = [
    ...Object.entries(headers).map(([name, words]) => describeHeader(name, words, true)),
    ...Object.entries(optionalHeaders).map(([name, words]) => describeHeader(name, words, false)),
  ];
  return {
    description: body?.description === undefined ? description : `${description} ${body.description}`,
    ...(described.length === 0 ? {} : { headers: Object.fromEntries(described) }),
    ...(body === undefined ? {} : { content: contentOf(body, 'output', components) }),
  };
}

function describeHeader(name: string, description: string, required: boolean): readonly [string, JsonObject] {
  return [name, { description, required, schema: { type: 'string' } }];
}

function contentOf(
  { contentType = 'application/json', schema }: BodyDescription,
  direction: 'input' | 'output',
  components: Map<string, unknown>,
): JsonObject {
  return {
    [contentType]: { schema: schema === undefined ? bytesSchema : toJson(schema, direction, components) },
  };
}

/** One answer for each status, listing the codes that have it. */
function describeProblems(codes: ReadonlySet<ErrorCode>, components: Map<string, unknown>): JsonObject {
  const problem = toJson(problemSchema, 'output', components);
  const byStatus = Map.groupBy(codes, statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => {
      const narrowed = { properties: { status: { const: status }, code: { enum: ofStatus } } };
      return [
        status,
        {
          description: problemTitle(status),
          ...(headersOfProblem[status] === undefined ? {} : { headers: headersOfProblem[status] }),
          content: { 'application/problem+json': { schema: { allOf: [problem, narrowed] } } },
        },
      ];
    }),
  );
}

const retryAfter = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } };
const headersOfProblem: Readonly<Record<number, JsonObject>> = {
  401: { 'WWW-Authenticate': { description: 'How to sign in.', schema: { type: 'string' } } },
  429: retryAfter,
  503: retryAfter,
};

/** The JSON schema of a request (`input`) or an answer (`output`). Named parts go to the components. */
function toJson(schema: z.core.$ZodType, io: 'input' | 'output', components: Map<string, unknown>): JsonObject {
  const { $schema: _dialect, $defs = {}, ...own } = z.toJSONSchema(schema, { io });
  for (const [name, part] of Object.entries($defs)) components.set(name, withReferences(part));
  return withReferences(own) as JsonObject;
}

/** Rewrites references to named parts as OpenAPI writes them. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : withReferences(inner),
    ]),
  );
}
