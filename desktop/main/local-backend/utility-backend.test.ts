import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type * as electron from 'electron';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { type Conversion, conversionSchema } from '../../../shared/api.ts';
import { describeBackend } from '../../client/backend.contract.ts';
import { createLocalBackend } from '../../client/local-backend.ts';
import { MessageChannelMain } from '../../e2e/standin/api/message-ports.ts';
import { utilityProcess } from '../../e2e/standin/api/utility-process.ts';
import { startBackendHost } from './backend-host.ts';
import { startUtilityBackend } from './utility-backend.ts';

const running = new AsyncDisposableStack();
afterAll(() => running.disposeAsync());

describeBackend('the backend of this computer, in a process of its own', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-utility-'));
  running.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const file = join(import.meta.dirname, 'backend-process.ts');
  const parts = { utilityProcess, MessageChannelMain } as unknown as typeof electron;
  const start = { dataFolder, atOnce: 2, logLevel: 'silent' } as const;
  const host = running.use(
    startBackendHost({
      start: () => startUtilityBackend({ ...parts, file }, start),
      log: pino({ level: 'silent' }),
    }),
  );
  return {
    backend: createLocalBackend(host.channel),
    conversions: async () => await conversionsIn(join(dataFolder, 'conversions.db')),
  };
});

/** As the backend's own process has written them down. */
async function conversionsIn(file: string): Promise<readonly Conversion[]> {
  using database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('SELECT body FROM conversions WHERE removed_at IS NULL').all();
  return rows.map(({ body }) => conversionSchema.parse(JSON.parse(String(body))));
}
