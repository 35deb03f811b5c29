import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openAccountsDatabase } from '../adapters/embedded/accounts-database.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { createSqliteCodeStore } from '../adapters/embedded/sqlite-code-store.ts';
import { createSqliteSessionStore } from '../adapters/embedded/sqlite-session-store.ts';
import { createSqliteUserStore } from '../adapters/embedded/sqlite-user-store.ts';
import { createAccessTokens } from '../auth/access-tokens.ts';
import { createAuth } from '../auth/auth.ts';
import type { AuthMail } from '../auth/code-sender.ts';
import { openLimits } from '../client-limits.ts';
import { parseConfig } from '../config.ts';
import { mp3BlobId } from '../conversions/blob-names.ts';
import type { OwnedConversions } from '../conversions/owned-conversions.ts';
import { createGateway } from '../gateway/gateway.ts';
import type { GatewayParts } from '../gateway/gateway-parts.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Route } from '../http/routes.ts';
import { startServer } from '../http/server.ts';
import { systemClock } from '../ports/clock.ts';
import type { UserStore } from '../ports/user-store.ts';
import { checkAnswers } from './description/checked-answers.ts';
import { makeTestAccount, type TestAccount } from './test-account.ts';
import { makeTestConversions, type TestConversions } from './test-conversions.ts';

/**
 * A running gateway over real embedded stores. Nothing is converted unless the test does it. Disposing of it throws if an answer differed
 * from its route's description.
 */
export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly test: TestConversions;
  readonly users: UserStore;
  /** Its routes. */
  readonly routes: readonly Route[];
  /** The lines of its log. */
  readonly logged: readonly string[];
  /** Closes only the server. The test can still read the stores. */
  close(): Promise<void>;
  account(options?: { readonly admin?: boolean }): Promise<TestAccount>;
}

export interface TestGatewayOptions {
  readonly settings?: Partial<GatewayParts['settings']>;
  readonly authentication?: (real: Authentication) => Authentication;
  readonly reachAll?: GatewayParts['reachAll'];
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<GatewayParts['limits']>;
  readonly mail?: AuthMail;
  readonly onAnswer?: GatewayParts['onAnswer'];
  readonly conversions?: (real: OwnedConversions) => OwnedConversions;
}

/** The secret that signs the tests' tokens. */
export const signingSecret = 'the secret that the tests sign with';

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await makeTestConversions());
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-gateway-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const accounts = opened.use(openAccountsDatabase(join(folder, 'accounts.db')));
  const users = createSqliteUserStore(accounts);
  const sessions = createSqliteSessionStore(accounts);
  const codes = createSqliteCodeStore(accounts);
  const tokens = createAccessTokens({ secrets: [signingSecret], clock: systemClock });
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const auth = createAuth({
    users,
    sessions,
    codes,
    rateLimit: createMemoryRateLimit(systemClock),
    secrets: [signingSecret],
    loginTokenSeconds: 3600,
    signUp: 'open',
    clock: systemClock,
    log,
    ...(options.mail === undefined ? {} : { mail: options.mail }),
  });
  const real = test.conversions.owned;
  const gateway = createGateway({
    conversions: options.conversions?.(real) ?? real,
    uploads: test.conversions.uploads,
    notifications: test.conversions.notifications,
    changes: test.conversions.changes,
    events: test.events,
    authentication: options.authentication?.(auth) ?? auth,
    settings: {
      ...parseConfig({}),
      version: '1.2.3',
      mail: false,
      maxUploadBytes: 1_000_000_000,
      ...options.settings,
    },
    hosts: { loopback: true, publicUrl: undefined },
    trustedProxies: options.trustedProxies ?? [],
    limits: { ...openLimits(1024, 2), ...options.limits },
    log,
    ...(options.onAnswer === undefined ? {} : { onAnswer: options.onAnswer }),
    reachAll: options.reachAll ?? (() => Promise.resolve()),
  });
  const answers = checkAnswers(gateway.app, gateway.routes);
  opened.defer(() => answers.expectDescribed());
  const server = await startServer(answers.listener, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.5 });
  opened.defer(() => server.close());
  opened.defer(() => gateway.close());
  const kept = opened.move();

  return {
    url: server.url,
    routes: gateway.routes,
    test,
    users,
    logged,
    async close() {
      await gateway.close();
      await server.close();
    },
    account: (account) => makeTestAccount({ url: server.url, users, sessions, tokens }, account),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Ends the conversion as done, with `mp3` as its result. */
export async function finishConversion(
  test: Pick<TestConversions, 'take' | 'mp3s'>,
  id: string,
  mp3: Uint8Array,
  { fileName = 'talk.mp3', sha256 = 'ab'.repeat(32) } = {},
): Promise<void> {
  const taken = await test.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  const { row } = taken.work;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield mp3;
  }
  await test.mp3s.append(mp3BlobId(row), 1, 0, bytes(), { conversionId: id, owner: row.owner, fileName });
  await test.mp3s.finish(mp3BlobId(row), 1);
  await taken.work.finish({ fileName, bytes: mp3.byteLength, durationSeconds: 2, sha256, peaks: [0, 128, 255] }, []);
}

/** Every stored video and MP3, finished or not. */
export async function storedBlobs(test: Pick<TestConversions, 'videos' | 'mp3s'>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { id } of test.videos.list()) found.push(`video ${id}`);
  for await (const { id } of test.mp3s.list()) found.push(`mp3 ${id}`);
  return found;
}
