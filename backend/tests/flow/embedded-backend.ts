import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccounts } from '../../adapters/embedded/open-accounts.ts';
import { createUser } from '../../auth/accounts.ts';
import { createPasswordHashing } from '../../auth/password-hashing.ts';
import { systemClock } from '../../ports/clock.ts';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { startServerProcess } from '../running/server-process.ts';
import type { FlowBackend } from './flow-backend.ts';
import { startFlowMail } from './flow-mail.ts';

/** The embedded backend as people run it: `soundlift serve` with a new data folder. */
export async function startEmbeddedBackend(): Promise<FlowBackend> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-flow-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const dataFolder = join(folder, 'data');
  const ffmpeg = await makeHeldFfmpeg(folder);
  const mail = opened.use(await startFlowMail());
  const signingSecret = 'a secret of this test that is long enough';
  const environment = { ...ffmpeg.environment, ...mail.environment, JWT_SECRET: signingSecret };
  const start = () => startServerProcess({ dataFolder, environment });
  let server = await start();
  opened.defer(() => server.kill());
  const kept = opened.move();
  return {
    url: () => server.url,
    ffmpeg,
    mail,
    signingSecret,
    async addAccount(account) {
      await using accounts = await openAccounts(dataFolder, 'The data folder');
      const hashing = createPasswordHashing();
      await createUser({ ...account, confirmed: true }, { ...accounts, hashing, clock: systemClock });
    },
    async storedAccounts() {
      const names = (await readdir(dataFolder)).filter((name) => name.startsWith('accounts.db'));
      return Buffer.concat(await Promise.all(names.map((name) => readFile(join(dataFolder, name)))));
    },
    async stored() {
      const [videos, mp3s, work] = await Promise.all([
        readdir(join(dataFolder, 'videos')),
        readdir(join(dataFolder, 'mp3s')),
        readdir(join(dataFolder, 'work')).catch(() => []),
      ]);
      return { videos, mp3s, work };
    },
    converting: () => server.workers(),
    sweep: async () => undefined,
    async crash() {
      await server.kill();
      server = await start();
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
