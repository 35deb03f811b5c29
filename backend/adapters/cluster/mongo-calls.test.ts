import { expect, it } from 'vitest';
import { answered } from './mongo-calls.ts';

it('a write to a connection that has just broken is unavailable, although the driver passes on the error of the socket', async () => {
  const broken = Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' });
  await expect(answered(Promise.reject(broken))).rejects.toMatchObject({ code: 'unavailable', cause: broken });
});

it('any other error is passed on', async () => {
  const other = new TypeError('a fault of ours');
  await expect(answered(Promise.reject(other))).rejects.toBe(other);
});
