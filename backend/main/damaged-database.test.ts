import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { createSqliteConversionStore } from '../adapters/embedded/sqlite-conversion-store.ts';
import { parseConfig } from '../config.ts';
import { exampleEnded } from '../ports/conversion-examples.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { serve } from './serve.ts';

/** A database with many pages, of which the last half is overwritten. What a start reads lies before. */
async function makeDamaged(file: string): Promise<void> {
  {
    using database = openConversionsDatabase(file);
    database.prepare('PRAGMA synchronous = OFF').run();
    const store = createSqliteConversionStore(database);
    database.prepare('BEGIN').run();
    for (let count = 0; count < 3000; count += 1) await store.insert(exampleEnded('done', { notificationId: 'told' }));
    database.prepare('COMMIT').run();
  }
  const handle = await open(file, 'r+');
  const { size } = await stat(file);
  const from = Math.ceil(size / 2 / 4096) * 4096;
  await handle.write(Buffer.alloc(size - from, 0xa5), 0, size - from, from);
  await handle.close();
}

it('serves with a database that is damaged somewhere, and is not ready, with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-damaged-'));
  const stop = new AbortController();
  try {
    await makeDamaged(join(folder, 'conversions.db'));
    const said: string[] = [];
    const config = parseConfig({ PATH: process.env['PATH'], PORT: '0', SOUNDLIFT_DATA: folder, LOG_LEVEL: 'silent' });
    const serving = serve({ config, version: '1.2.3', say: (line) => said.push(line), signal: stop.signal });
    await Promise.race([serving, waitUntil('it listens', () => said.at(-1)?.startsWith('listening on '))]);
    const url = said.at(-1)?.replace(/^.* on /, '') ?? '';
    const ready = async () => await fetch(`${url}/readyz`);
    await waitUntil('the damage was found', async () => (await ready()).status === 503);
    expect(await (await ready()).json()).toMatchObject({ detail: 'The database conversions.db is damaged.' });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    stop.abort();
    await serving;
  } finally {
    stop.abort();
    await rm(folder, { recursive: true });
  }
});
