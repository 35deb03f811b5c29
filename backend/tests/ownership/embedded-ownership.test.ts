import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedBackend } from './embedded-backend.ts';
import { describeInjections } from './injections.ts';
import { describeOwnership } from './ownership.ts';
import { setUpPeople } from './people.ts';
import { nameOf, openRoutes, overrideCalls, routeCalls } from './route-calls.ts';

let backend: Awaited<ReturnType<typeof startEmbeddedBackend>>;
beforeAll(async () => {
  backend = await startEmbeddedBackend();
});
afterAll(() => backend[Symbol.asyncDispose]());

describe('the table of routes', () => {
  it('has only routes that these tests can call, or that are open for a stated reason', () => {
    const known = [...Object.keys(routeCalls), ...Object.keys(openRoutes)];
    expect(backend.routes.map(nameOf).toSorted()).toEqual(known.toSorted());
  });

  it('requires an account for every route that is not open', () => {
    const forAccounts = backend.routes.filter(({ access }) => access === 'account').map(nameOf);
    const checkingThemselves = Object.entries(routeCalls)
      .filter(([, { needsNoToken }]) => needsNoToken !== undefined)
      .map(([name]) => name);
    expect([...forAccounts, ...checkingThemselves].toSorted()).toEqual(Object.keys(routeCalls).toSorted());
  });

  it('has no other ways to call them than those in these tests', () => {
    const otherwise = backend.routes.filter(({ byOverride }) => byOverride === true).map(nameOf);
    expect(otherwise.toSorted()).toEqual(Object.keys(overrideCalls).toSorted());
  });
});

const people = setUpPeople(() => backend);
describeOwnership(() => backend, people);
describeInjections(() => backend, people);
