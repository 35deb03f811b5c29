// For tests: the list over this computer's backend, in a process that may be killed. Called with the folder that keeps all and the folder of
// videos, which is dropped once. Ends by itself when all was saved.
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { openListStand } from './list-stand.ts';

const [folder = '', videos = ''] = process.argv.slice(2);
const stand = await openListStand({ folder, keepsFolder: true });
const { list } = stand;
// All of a drop is there or nothing: one that was killed before that is made again.
if (list.rows().length === 0) await list.add([videos]);
try {
  await waitUntil('all is saved', () => list.rows().every(({ state }) => state.kind === 'done'), { seconds: 40 });
} catch (error) {
  throw new Error(JSON.stringify(list.rows(), undefined, 1), { cause: error });
}
await waitUntil('the backend keeps nothing twice', () => !stand.hasPendingCalls());
await stand[Symbol.asyncDispose]();
