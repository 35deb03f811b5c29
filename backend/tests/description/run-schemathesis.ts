import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAccount } from '../running/api-client.ts';
import { installPythonPackage } from '../running/python-package.ts';
import { startServerProcess } from '../running/server-process.ts';

const version = '4.32.5';

/** What ends the account or the session that the calls are made with: those are the ownership table's. */
const endsTheCaller = [
  'DELETE /api/v1/me',
  'DELETE /api/v1/sessions',
  'POST /api/v1/me/password',
  'POST /api/v1/accounts/reset/confirm',
];

export interface SchemathesisRun {
  /** 0 when it has found nothing. */
  readonly exitCode: number;
  readonly output: string;
}

/** Lets schemathesis (https://schemathesis.readthedocs.io) call a server of ours by its own description, with an account's token. */
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
  await writeFile(config, configuration(account));
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
  // Throws where the caller is signed out by now: then it has met nothing but refusals.
  await account.conversions();
  return run;
}

interface Caller {
  readonly token: string;
  readonly email: string;
  readonly password: string;
}

/** Statuses with which a route may refuse what fits its schema, for a reason that no schema can tell. */
const mayRefuse: Readonly<Record<string, { readonly because: string; readonly statuses: readonly number[] }>> = {
  'GET /api/v1/conversions': { because: 'a cursor is one that was given out', statuses: [400] },
  'GET /api/v1/notifications': { because: 'a cursor is one that was given out', statuses: [400] },
  'POST /api/v1/me/confirm': { because: 'a code is one that was mailed', statuses: [422] },
  'GET /api/v1/events': { because: 'it is for WebSockets', statuses: [400] },
};
const mayBeRefusedAnyway = ['2xx', '3xx', 401, 403, 404, 409, 429, '5xx'];

function configuration({ token, email, password }: Caller): string {
  const text = (value: unknown): string => JSON.stringify(value);
  const refusals = Object.entries(mayRefuse).map(
    ([name, { because, statuses }]) => `
# ${because}
[[operations]]
include-name = ${text(name)}
checks.positive_data_acceptance.expected-statuses = ${text([...mayBeRefusedAnyway, ...statuses])}
`,
  );
  return `
[auth.openapi]
token = { bearer = ${text(token)} }
password = { username = ${text(email)}, password = ${text(password)} }
${refusals.join('')}`;
}
