import { afterAll, beforeAll } from 'vitest';
import { type ClusterBackend, startClusterBackend } from './cluster-backend.ts';
import { describeInjections } from './injections.ts';
import { setUpPeople } from './people.ts';

let backend: ClusterBackend;
beforeAll(async () => {
  backend = await startClusterBackend();
}, 180_000);
afterAll(() => backend[Symbol.asyncDispose]());

describeInjections(
  () => backend,
  setUpPeople(() => backend),
);
