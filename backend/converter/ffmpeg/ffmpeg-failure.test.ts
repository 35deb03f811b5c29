import { describe, expect, test } from 'vitest';
import { type FailedEnd, hasDied, tellsOfFailedWrite, translateFailure } from './ffmpeg-failure.ts';

const end: FailedEnd = {
  program: 'ffmpeg',
  exitCode: 1,
  signal: undefined,
  stderrTail: '',
  elapsedSeconds: 3,
  limits: { wallSeconds: 1000, cpuSeconds: 500, memoryBytes: 2e9, fileBytes: 1e9 },
};

/** The last log lines of ffmpeg 5.1, as captured. */
const words = {
  diskFull:
    '[error] av_interleaved_write_frame(): No space left on device\n[error] Error writing trailer of sound.mp3: No space left on device',
  quota: '[error] Error writing trailer of sound.mp3: Disk quota exceeded',
  tooLarge: '[error] av_interleaved_write_frame(): File too large',
  memory: '[error] Error while filtering: Cannot allocate memory',
  library: '/usr/bin/ffmpeg: error while loading shared libraries: libx.so.1: failed to map segment from shared object',
  unreadable: '[error] file:source: Permission denied',
  broken: '[error] file:source: Input/output error',
  missing: '[error] file:source: No such file or directory',
  encoder: "[fatal] Unknown encoder 'libmp3lame'",
  decoder: '[fatal] Decoder (codec ac4) not found for input stream #0:0',
  other: '[fatal] Unrecognized option',
};

describe('translateFailure', () => {
  test.each<[string, Partial<FailedEnd>, { code?: string; details?: object | undefined }]>([
    ['a full disk', { stderrTail: words.diskFull }, { code: 'disk_full' }],
    ['an exceeded quota', { stderrTail: words.quota }, { code: 'disk_full' }],
    ...['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].map((code): [string, Partial<FailedEnd>, { code: string }] => [
      `a start for which the system is short of something (${code})`,
      { exitCode: undefined, startError: Object.assign(new Error(`spawn ${code}`), { code }) },
      { code: 'unavailable' },
    ]),
    ...[
      'unshare: fork failed: Resource temporarily unavailable',
      'unshare: fork failed: Cannot allocate memory',
      '/app/launch-ffmpeg.sh: 1: Cannot fork',
      '/app/launch-ffmpeg.sh: 57: cannot open /proc/self/status: Too many open files in system',
      "env: '/usr/bin/ffmpeg': Cannot allocate memory",
      'setpriv: error while loading shared libraries: libcap-ng.so.0: cannot open shared object file: Error 24',
      '[error] pthread_create failed: Resource temporarily unavailable. Try to increase `ulimit -v` or decrease `ulimit -s`.',
      '[error] file:source: Too many open files in system',
    ].map((stderrTail): [string, Partial<FailedEnd>, { code: string }] => [
      `a launcher that says “${stderrTail}”`,
      { stderrTail },
      { code: 'unavailable' },
    ]),
    [
      'a decoder that is out of packets for a moment',
      { stderrTail: '[error] Error submitting packet to decoder: Resource temporarily unavailable' },
      { code: 'converter_failed' },
    ],
    [
      'its own file size limit',
      { stderrTail: words.tooLarge },
      { code: 'converter_failed', details: { limitBytes: 1e9 } },
    ],
    [
      'its own limit, signalled by the kernel',
      { exitCode: undefined, signal: 'SIGXFSZ' },
      { details: { limitBytes: 1e9 } },
    ],
    ['a lack of memory', { stderrTail: words.memory }, { code: 'converter_failed', details: { limitBytes: 2e9 } }],
    ['a lack of memory at its start', { exitCode: 127, stderrTail: words.library }, { details: { limitBytes: 2e9 } }],
    ['a source it may not read', { stderrTail: words.unreadable }, { code: 'source_unreadable' }],
    ['a source it cannot read', { stderrTail: words.broken }, { code: 'source_unreadable' }],
    ['a source that was removed', { stderrTail: words.missing }, { code: 'source_missing' }],
    ['a build without LAME', { stderrTail: words.encoder }, { code: 'converter_failed' }],
    ['an unknown codec', { stderrTail: words.decoder }, { code: 'damaged' }],
    ['anything else', { stderrTail: words.other }, { code: 'converter_failed', details: undefined }],
    [
      'exceeded CPU time',
      { exitCode: 255, elapsedSeconds: 501 },
      { code: 'timed_out', details: { limitSeconds: 500 } },
    ],
    [
      'CPU time exceeded by several threads',
      { exitCode: 255, elapsedSeconds: 250 },
      { code: 'timed_out', details: { limitSeconds: 500 } },
    ],
    [
      'a kill after exceeded CPU time',
      { exitCode: undefined, signal: 'SIGKILL', elapsedSeconds: 505 },
      { code: 'timed_out' },
    ],
    ['a kill from outside', { exitCode: undefined, signal: 'SIGKILL' }, { code: 'converter_failed' }],
    ['an exit after a signal', { exitCode: 255 }, { code: 'converter_failed' }],
    ['a crash', { exitCode: undefined, signal: 'SIGSEGV' }, { code: 'converter_failed' }],
    ['a failed start', { exitCode: undefined, startError: new Error('EAGAIN') }, { code: 'converter_failed' }],
  ])('recognizes %s', (_name, how, expected) => {
    expect(translateFailure({ ...end, ...how })).toMatchObject(expected);
  });

  test.each<[boolean, string, Partial<FailedEnd>]>([
    [true, 'a kill from outside', { exitCode: undefined, signal: 'SIGKILL' }],
    [true, 'a kill in a namespace', { stderrTail: 'unshare: sigprocmask unblock failed: Invalid argument' }],
    [true, 'a crash', { exitCode: undefined, signal: 'SIGSEGV' }],
    [true, 'a crash of ffprobe', { program: 'ffprobe', exitCode: undefined, signal: 'SIGSEGV' }],
    [true, 'an exit after a signal', { exitCode: 255 }],
    [false, 'an exit of ffprobe', { program: 'ffprobe', exitCode: 255 }],
    [false, 'exceeded CPU time', { exitCode: 255, elapsedSeconds: 501 }],
    [false, 'a kill after exceeded CPU time', { exitCode: undefined, signal: 'SIGKILL', elapsedSeconds: 505 }],
    [false, 'its own file size limit', { exitCode: undefined, signal: 'SIGXFSZ' }],
    [false, 'its own memory limit', { exitCode: undefined, signal: 'SIGABRT', stderrTail: words.memory }],
    [false, 'a failed start', { exitCode: undefined, startError: new Error('EAGAIN') }],
    [false, 'anything else', { stderrTail: words.other }],
  ])('says %s to whether the program died: %s', (died, _name, how) => {
    expect(hasDied(translateFailure({ ...end, ...how }))).toBe(died);
  });

  test('does not take a missing MP3 folder for a missing source', () => {
    const stderrTail = '[fatal] sound.mp3: No such file or directory';
    expect(translateFailure({ ...end, stderrTail }).code).toBe('converter_failed');
  });

  test('keeps the log lines out of the message and in the cause', () => {
    const error = translateFailure({ ...end, stderrTail: words.unreadable });
    expect(error.message).toBe(
      'The video cannot be read. Another program may be using it, or you may not have permission.',
    );
    expect(String(error.cause)).toBe(`Error: ffmpeg: exit code 1\n${words.unreadable}`);
    const startError = new Error('spawn EAGAIN');
    const notStarted = translateFailure({ ...end, exitCode: undefined, startError });
    expect(notStarted.cause).toMatchObject({ message: 'ffmpeg: not started', cause: startError });
    expect(String(translateFailure({ ...end, exitCode: undefined, signal: 'SIGSEGV' }).cause)).toContain('SIGSEGV');
  });
});

test.each([
  ['[error] Error writing trailer of sound.mp3: No space left on device', true],
  ['[error] Error closing file sound.mp3: No space left on device', true],
  ['[error] av_interleaved_write_frame(): Input/output error', true],
  // From ffmpeg 7.
  ['[out#0/mp3 @ 0x55d0] [error] Error writing trailer: No space left on device', true],
  ['[error] Error while decoding stream #0:1: Invalid data found when processing input', false],
  ['[warning] Error writing trailer', false],
])('reports "%s" as a failed write: %s', (line, expected) => {
  expect(tellsOfFailedWrite(line)).toBe(expected);
});
