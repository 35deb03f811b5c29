import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { createSqliteConversionStore } from '../adapters/embedded/sqlite-conversion-store.ts';
import { parseConfig } from '../config.ts';
import { exampleEnded } from '../ports/conversion-examples.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { serve } from './serve.ts';

/** A history of which one page with rows is overwritten. Nothing that a start reads is on it. */
async function makeDamaged(file: string): Promise<void> {
  let page: number;
  {
    using database = openConversionsDatabase(file);
    database.prepare('PRAGMA synchronous = OFF').run();
    const store = createSqliteConversionStore(database);
    database.prepare('BEGIN').run();
    for (let count = 0; count < 300; count += 1) await store.insert(exampleEnded('done', { notificationId: 'told' }));
    database.prepare('COMMIT').run();
    const leaves = database.prepare("SELECT pageno FROM dbstat WHERE name = 'conversions' AND pagetype = 'leaf'").all();
    page = Number(leaves[Math.floor(leaves.length / 2)]?.['pageno']);
  }
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
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
