import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { serviceEntry } from '../tests/running/service-process.ts';

it.each([[[]], [['sweeper']], [['toString']]])('names the services when started with %j', (words) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [serviceEntry, ...words], { encoding: 'utf8' });
  expect({ status, stderr, stdout }).toEqual({
    status: 2,
    stderr: 'Usage: node backend/main/service.mjs auth|converter|gateway|notifier\n',
    stdout: '',
  });
});
