// For tests: a list that uploads to a server, in a process that may be killed. Its arguments are the data folder, a video, which it drops
// unless an earlier process did, and the server's address with an account. It ends once the MP3 is saved.
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { createServerHttp } from '../client/server-http.ts';
import { keepInMemory, openServerSession, signIn } from '../client/server-session.ts';
import { openListStand } from './list-stand.ts';
import { openServerBackend } from './server-backend.ts';

const [folder = '', video = '', url = '', email = '', password = ''] = process.argv.slice(2);
await using backend = openServerBackend({
  line: { url },
  account: { email },
  async signedIn(keeper = keepInMemory()) {
    const http = createServerHttp(url);
    await signIn(http, { email, password }, keeper);
    return openServerSession(http, keeper);
  },
});
await backend.signIn();
await using stand = await openListStand({ folder, keepsFolder: true, others: backend, current: backend.key });
if (stand.list.rows().length === 0) await stand.list.add([video]);
const isSaved = () => stand.list.rows().every(({ state }) => state.kind === 'done');
await waitUntil('the MP3 is saved', isSaved, { seconds: 40 });
