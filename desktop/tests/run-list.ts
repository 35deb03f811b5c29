// For tests: a list over the local backend, in a process that may be killed. Its arguments are the data folder and a folder of videos, which
// it drops unless an earlier process did. It ends once all MP3s are saved.
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { openListStand } from './list-stand.ts';

const [folder = '', videos = ''] = process.argv.slice(2);
const stand = await openListStand({ folder, keepsFolder: true });
const { list } = stand;
// A drop is stored as a whole or not at all. If an earlier process was killed before that, drop again.
if (list.rows().length === 0) await list.add([videos]);
try {
  await waitUntil('all is saved', () => list.rows().every(({ state }) => state.kind === 'done'), { seconds: 40 });
} catch (error) {
  throw new Error(JSON.stringify(list.rows(), undefined, 1), { cause: error });
}
await waitUntil('no calls are pending', () => !stand.hasPendingCalls());
await stand[Symbol.asyncDispose]();
