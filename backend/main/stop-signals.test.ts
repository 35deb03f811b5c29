import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchForStop } from './stop-signals.ts';

function aProcess() {
  const exits: number[] = [];
  return Object.assign(new EventEmitter(), {
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
    exit: (code: number) => void exits.push(code),
    exits,
  });
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe('a request to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('is %s', (name) => {
    const process = aProcess();
    const signal = watchForStop(process, 130);
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect([signal.aborted, process.exits]).toEqual([true, []]);
  });

  it('that comes twice ends the process at once', () => {
    const process = aProcess();
    let milliseconds = 0;
    watchForStop(process, 130, { now: () => milliseconds });
    process.emit('SIGINT');
    milliseconds = 400;
    process.emit('SIGTERM');
    expect(process.exits).toEqual([130]);
  });

  it('that npm and set-up repeat counts once', () => {
    const process = aProcess();
    let milliseconds = 0;
    const signal = watchForStop(process, 130, { now: () => milliseconds });
    for (milliseconds = 0; milliseconds < 60; milliseconds += 20) process.emit('SIGINT');
    expect([signal.aborted, process.exits]).toEqual([true, []]);
  });

  it.each(['EPIPE', 'EIO'])('is an output that nobody reads any more (%s)', (code) => {
    const process = aProcess();
    const signal = watchForStop(process, 130);
    process.stdout.emit('error', failure(code));
    process.stdout.emit('error', failure(code));
    expect([signal.aborted, process.exits]).toEqual([true, []]);
  });

  it('is not a standard error that nobody reads any more', () => {
    const process = aProcess();
    const signal = watchForStop(process, 130);
    process.stderr.emit('error', failure('EPIPE'));
    expect(signal.aborted).toBe(false);
  });

  it('is not any other error of the output, which is thrown', () => {
    const process = aProcess();
    watchForStop(process, 130);
    expect(() => process.stdout.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
  });

  it('is no error of the output of a command that does not need it', () => {
    const process = aProcess();
    const signal = watchForStop(process, 130, { needsOutput: false });
    process.stdout.emit('error', failure('ENOSPC'));
    process.stderr.emit('error', failure('ENOSPC'));
    expect(signal.aborted).toBe(false);
  });
});
