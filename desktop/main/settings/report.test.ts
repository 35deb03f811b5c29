import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { createErrorMemory } from './error-memory.ts';
import { openLog } from './open-log.ts';
import { report } from './report.ts';
import { defaultSettings } from './settings-schema.ts';

test('contains the versions, the settings and the latest errors with their causes', () => {
  const memory = createErrorMemory(() => Date.UTC(2026, 10, 28, 8));
  const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  });
  memory.remember(new AppError('disk_full', 'The disk is full.', { cause }), 'saving');
  const text = report({
    version: '0.1.0',
    system: 'linux',
    systemVersion: '6.1',
    electronVersion: '45.4.1',
    ffmpegVersion: '5.1.6-0+deb12u1',
    settings: { ...defaultSettings, atOnce: 3 },
    errors: memory.errors(),
  });
  expect(text).toContain('Soundlift 0.1.0\nSystem: linux 6.1\nElectron: 45.4.1\nffmpeg: 5.1.6\n');
  expect(text).toContain('  quality: standard\n');
  expect(text).toContain('  atOnce: 3\n');
  expect(text).toContain('  2026-11-28T08:00:00.000Z saving\n    AppError disk_full: The disk is full.\n');
  expect(text).toMatch(/ {6}at report\.test\.ts:\d+:\d+\n/);
  expect(text).toContain('    because of\n      Error ENOSPC write');
});

test('keeps the last 50 errors', () => {
  const memory = createErrorMemory();
  for (let index = 0; index < 60; index += 1) memory.remember(new Error('lost'), `step ${index}`);
  expect(memory.errors()).toHaveLength(50);
  expect(memory.errors()[0]?.doing).toBe('step 10');
});

const secret = 'Zebra';
/** Typical file names, each with a word that occurs nowhere else. */
const names = fc
  .tuple(
    fc.constantFrom('', 'My ', 'a: b ', "it's ", 'x\n    at ', '"', '../', 'ünder '),
    fc.constantFrom('', ' 2.mp4', '.main.js:1:2', ' video', '?', ')'),
  )
  .map(([before, after]) => `${before}${secret}${after}`);
const paths = fc
  .tuple(fc.constantFrom('/home/', 'C:\\Users\\', '\\\\nas\\', 'file:///', 'https://sound.example.org/', ''), names)
  .map(([folder, name]) => `${folder}${name}`);
const sentences = paths.chain((path) =>
  fc.constantFrom(
    path,
    `ENOENT: no such file or directory, open '${path}'`,
    `could not read ${path}`,
    `${path}: Invalid data found`,
    `not found: ${path} (${path})`,
  ),
);
const errors = fc.letrec<{ error: Error }>((tie) => ({
  error: fc
    .record({
      message: sentences,
      isOurs: fc.boolean(),
      syscall: fc.option(paths.map((path) => `spawn ${path}`)),
      code: fc.option(
        fc.oneof(
          paths.map((path) => `-${path}`),
          fc.constant('ENOENT'),
        ),
      ),
      cause: fc.option(fc.oneof({ maxDepth: 3 }, tie('error'), sentences), { maxDepth: 3 }),
    })
    .map(({ message, isOurs, syscall, code, cause }) => {
      const because = cause === null ? {} : { cause };
      if (isOurs) return new AppError('source_missing', message, because);
      const error = new Error(message, because);
      return Object.assign(error, syscall === null ? {} : { syscall }, code === null ? {} : { code, path: message });
    }),
})).error;

test('contains no file name, path, address or account', () => {
  fc.assert(
    fc.property(errors, names, paths, (error, name, path) => {
      const memory = createErrorMemory();
      memory.remember(error, 'saving');
      const text = report({
        version: '0.1.0',
        system: 'windows',
        ffmpegVersion: path,
        settings: {
          ...defaultSettings,
          backend: { kind: 'server', url: `https://${secret}.example.org`, email: `${name}@example.org` },
          saveTo: { kind: 'folder', path },
        },
        errors: memory.errors(),
      });
      expect(text).not.toContain(secret);
      expect(text).not.toMatch(/example\.org|Users|[\\/]home|nas\\/);
    }),
    { numRuns: 500 },
  );
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('writes none of them to the log either, and remembers logged errors', async () => {
  const folder = join(await temporaryFolder(), 'logs');
  const memory = createErrorMemory();
  const log = openLog({ folder, memory });
  fc.assert(
    fc.property(errors, paths, (error, path) => {
      log.error({ err: error, path, video: { file: path, email: path } }, 'could not save');
    }),
    { numRuns: 50 },
  );
  expect(await readFile(join(folder, 'app.log'), 'utf8')).not.toContain(secret);
  expect(memory.errors()).toHaveLength(50);
  expect(memory.errors().at(-1)?.doing).toBe('could not save');
});

test('starts a new log when one is full, and keeps two', async () => {
  const folder = await temporaryFolder();
  const log = openLog({ folder, memory: createErrorMemory(), maxBytes: 1000 });
  for (let index = 0; index < 200; index += 1) log.info({ index }, 'a line of the log');
  expect((await readdir(folder)).toSorted()).toEqual(['app.1.log', 'app.2.log', 'app.log']);
  for (const name of await readdir(folder)) expect((await stat(join(folder, name))).size).toBeLessThan(1200);
  expect(await readFile(join(folder, 'app.log'), 'utf8')).toContain('"index":199');
});
