import { afterAll } from 'vitest';
import { openServerStand } from '../../backend/tests/running/server-stand.ts';
import { describeBackend } from './backend.contract.ts';
import { createRemoteBackend } from './remote-backend.ts';

const running = new AsyncDisposableStack();
afterAll(() => running.disposeAsync());

describeBackend('the backend of a server', async ({ environment }) => {
  const stand = running.use(await openServerStand({ environment }));
  const backend = createRemoteBackend(await stand.signedIn());
  running.defer(() => backend.close());
  return { backend, conversions: stand.account.conversions };
});
