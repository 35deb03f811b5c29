import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { installPythonPackage } from '../running/python-package.ts';
import { startServerProcess } from '../running/server-process.ts';

const version = '4.32.5';

/** Operations that end the account or the session of the caller. The ownership tests cover them. */
const endsTheCaller = [
  'DELETE /api/v1/me',
  'DELETE /api/v1/sessions',
  'POST /api/v1/me/password',
  'POST /api/v1/accounts/reset/confirm',
];

export interface SchemathesisRun {
  /** 0 if it has found nothing. */
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Runs schemathesis (https://schemathesis.readthedocs.io) against one of our servers, with the server's own description
 * and an account's token.
 */
export async function runSchemathesis({
  maxExamples,
  seed,
}: {
  readonly maxExamples: number;
  readonly seed: number;
}): Promise<SchemathesisRun> {
  await using opened = new AsyncDisposableStack();
  const programs = await installPythonPackage('schemathesis', version);
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-schemathesis-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const server = opened.use(await startServerProcess({ dataFolder: join(folder, 'data') }));
  const account = await makeAccount({ url: () => server.url });
  const config = join(folder, 'schemathesis.toml');
  await writeFile(config, configuration({ ...account, uploadId: await beginUpload(account) }));
  await writeFile(join(folder, 'hooks.py'), hooks);
  const names = endsTheCaller.flatMap((name) => ['--exclude-name', name]);
  const how = [
    '--checks',
    'all',
    '--max-examples',
    String(maxExamples),
    '--seed',
    String(seed),
    '--workers',
    '1',
    '--request-timeout',
    '30',
  ];
  const call = ['--config-file', config, 'run', `${server.url}/api/v1/openapi.json`, ...how, ...names];
  const { promise, resolve } = Promise.withResolvers<SchemathesisRun>();
  const environment = { ...process.env, NO_COLOR: '1', COLUMNS: '160' };
  const options = { cwd: folder, env: environment, maxBuffer: 64_000_000 };
  execFile(join(programs, 'schemathesis'), call, options, (error, stdout, stderr) => {
    const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
    resolve({ exitCode, output: stdout + stderr });
  });
  const run = await promise;
  // Throws if the caller was signed out. Then schemathesis saw only refusals.
  await account.conversions();
  return run;
}

async function beginUpload(account: ApiClient): Promise<string> {
  const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1000000' };
  const answer = await account.fetch('/api/v1/uploads', { method: 'POST', headers });
  return z.string().parse(answer.headers.get('x-conversion-id'));
}

interface Caller {
  readonly token: string;
  readonly email: string;
  readonly password: string;
  /** The id of an unfinished upload. */
  readonly uploadId: string;
}

interface Refusals {
  readonly because: string;
  /** Statuses for requests that fit the schema. */
  readonly ofGood?: readonly number[];
  /** Statuses for requests that do not, in addition to the usual ones. */
  readonly ofBad?: readonly number[];
}

/** Statuses that a route may answer for a reason that no schema can express, or that schemathesis does not expect. */
const mayRefuse: Readonly<Record<string, Refusals>> = {
  'GET /api/v1/conversions': { because: 'a cursor must come from an earlier page', ofGood: [400] },
  'GET /api/v1/notifications': { because: 'a cursor must come from an earlier page', ofGood: [400] },
  'POST /api/v1/conversions/{id}/retry': { because: 'its source may have been removed', ofGood: [410] },
  'POST /api/v1/me/confirm': { because: 'a code must be one that was mailed', ofGood: [422] },
  'GET /api/v1/events': { because: 'it is for WebSockets', ofGood: [400] },
  'POST /api/v1/uploads': {
    because:
      'exactly one of two headers states the length, metadata values are Base64, the checksum must fit the bytes; tus wants 412',
    ofGood: [400, 413, 422, 460],
    ofBad: [412, 413, 460],
  },
  'HEAD /api/v1/uploads/{id}': { because: 'tus requires 412 for another version', ofBad: [412] },
  'PATCH /api/v1/uploads/{id}': {
    because:
      'the offset must be where the last bytes ended, and the checksum must fit the bytes; tus requires 412 for another version',
    ofGood: [400, 413, 460],
    ofBad: [412, 413, 460],
  },
  'DELETE /api/v1/uploads/{id}': { because: 'tus requires 412 for another version', ofBad: [412] },
};
/** The statuses that schemathesis expects by default. */
const usual = {
  ofGood: ['2xx', '3xx', 401, 403, 404, 409, 429, '5xx'],
  ofBad: [400, 401, 403, 404, 405, 406, 409, 415, 422, 428, 429, '5xx'],
};

/** schemathesis cannot write a body of this type by itself. */
const hooks = `
import schemathesis

@schemathesis.serializer("application/offset+octet-stream")
def as_bytes(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()
`;

function configuration({ token, email, password, uploadId }: Caller): string {
  const text = (value: unknown): string => JSON.stringify(value);
  const refusals = Object.entries(mayRefuse).map(
    ([name, { because, ofGood = [], ofBad = [] }]) => `
# ${because}
[[operations]]
include-name = ${text(name)}
checks.positive_data_acceptance.expected-statuses = ${text([...usual.ofGood, ...ofGood])}
checks.negative_data_rejection.expected-statuses = ${text([...usual.ofBad, ...ofBad])}
checks.missing_required_header.expected-statuses = ${text([...usual.ofBad, ...ofBad])}
`,
  );
  return `
hooks = "hooks.py"

[auth.openapi]
token = { bearer = ${text(token)} }
password = { username = ${text(email)}, password = ${text(password)} }

[[operations]]
include-name = ["HEAD /api/v1/uploads/{id}", "PATCH /api/v1/uploads/{id}"]
parameters = { id = ${text(uploadId)} }
${refusals.join('')}`;
}
