import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { openMediaFolder } from '../tests/media/make-media.ts';
import { isFullDisk, isScarcity } from './scarcity.ts';

const program = join(import.meta.dirname, '..', 'tests', 'few-descriptors-program.ts');

const caused = (code: string): Error =>
  new AppError('source_unreadable', 'It cannot be read.', {
    cause: new Error('open', { cause: Object.assign(new Error(code), { code }) }),
  });

describe('isScarcity', () => {
  it('recognizes the system’s errors behind others', () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ENOSPC', 'EDQUOT'])
      expect(isScarcity(caused(code))).toBe(true);
    for (const code of ['ENOENT', 'EACCES', 'EIO']) expect(isScarcity(caused(code))).toBe(false);
    expect([isScarcity(undefined), isScarcity('EMFILE'), isScarcity(new Error('EMFILE'))]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

it('isFullDisk recognizes only what a full disk causes', () => {
  const codes = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENOMEM', 'ENOENT'];
  expect(codes.filter((code) => isFullDisk(caused(code)))).toEqual(['ENOSPC', 'EDQUOT']);
});

describe.runIf(process.platform === 'linux')('a conversion for which too few descriptors are free', () => {
  it('waits, at whatever point it needs one more, and is done once there are enough', async () => {
    await using media = await openMediaFolder();
    const video = await media.make({ container: 'mp4', seconds: 1 });
    const command = `ulimit -n 60; exec "${process.execPath}" "${program}" "${video}"`;
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const outcomes = said.trimEnd().split('\n');
    expect([...new Set(outcomes)].toSorted()).toEqual(['done', 'waits']);
    expect([outcomes[0], outcomes[1], outcomes.at(-1)]).toEqual(['done', 'waits', 'done']);
    expect(outcomes).toHaveLength(19);
  });
});
