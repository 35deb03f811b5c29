import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { reachAll } from './reach-all.ts';

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(() => test[Symbol.asyncDispose]());

const present = { mailAddress: async () => undefined };
const silent = <Value>(): Promise<Value> => new Promise(() => undefined);
const partsOf = ({ store: conversions, videos, mp3s }: TestConversions) => ({
  ...{ conversions, videos, mp3s },
  damage: (): AppError | undefined => undefined,
});

it('resolves while everything answers', async () => {
  await reachAll(partsOf(test), present);
});

it('names the service that does not answer', async () => {
  const parts = partsOf(test);
  const late = (what: string) => ({ code: 'unavailable', message: `${what} has not answered within 0.1 seconds.` });
  const asked = [
    [reachAll(parts, { mailAddress: () => silent() }, 0.1), 'The auth service'],
    [reachAll({ ...parts, conversions: { ...parts.conversions, get: () => silent() } }, present, 0.1), 'The database'],
    [reachAll({ ...parts, mp3s: { ...parts.mp3s, stat: () => silent() } }, present, 0.1), 'The storage'],
  ] as const;
  for (const [answer, what] of asked) await expect(answer).rejects.toMatchObject(late(what));
});

it('throws what a service throws', async () => {
  const away = new AppError('unavailable', 'It is away.');
  await expect(reachAll(partsOf(test), { mailAddress: () => Promise.reject(away) })).rejects.toBe(away);
});

it('throws what is known to be damaged', async () => {
  const damaged = new AppError('unavailable', 'The database is damaged.');
  await expect(reachAll({ ...partsOf(test), damage: () => damaged }, present)).rejects.toBe(damaged);
});

it('says that the disk is full while there is no room for videos', async () => {
  const parts = partsOf(test);
  const full = { ...parts, videos: { ...parts.videos, room: async () => 0 } };
  await expect(reachAll(full, present)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('The disk is full'),
  });
});
