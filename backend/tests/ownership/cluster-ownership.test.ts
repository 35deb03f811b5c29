import { afterAll, beforeAll } from 'vitest';
import { describeClusterAccounts } from './cluster-accounts.ts';
import { type ClusterBackend, startClusterBackend } from './cluster-backend.ts';
import { describeHiddenAuth } from './hidden-auth.ts';
import { describeLyingEvents } from './lying-events.ts';
import { describeOtherPrograms } from './other-programs.ts';
import { describeOwnership } from './ownership.ts';
import { setUpPeople } from './people.ts';

let backend: ClusterBackend;
beforeAll(async () => {
  backend = await startClusterBackend();
}, 180_000);
afterAll(() => backend[Symbol.asyncDispose]());

const people = setUpPeople(() => backend);
describeOtherPrograms(() => backend);
describeClusterAccounts(() => backend);
describeHiddenAuth(() => backend, people);
describeLyingEvents(() => backend, people);
describeOwnership(() => backend, people);
