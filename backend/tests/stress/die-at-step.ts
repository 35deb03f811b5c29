// Loaded into a server before its own code (node --import). It kills the server with SIGKILL just before the step that
// DIE_AT_STEP gives, as a number or a regular expression, and logs each step to STEP_LOG before it is taken. A step is
// anything that outlives the process: a change of files or databases, the start of a program, an answer that promises
// something. So the production code contains nothing for these tests.
import { ChildProcess } from 'node:child_process';
import { appendFileSync, constants } from 'node:fs';
import files from 'node:fs/promises';
import { ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

// Node also loads this into the server's thread for its databases, which has no environment and counts the same steps.
const dieAt = shared('DIE_AT_STEP', () => process.env['DIE_AT_STEP'] ?? '');
const stepLog = shared('STEP_LOG', () => process.env['STEP_LOG'] ?? '');
const taken = shared('steps taken', () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)));
const longestName = 160;

/** What `make` makes in the server's main thread; the same in its other threads. */
function shared<Value extends string | Int32Array<SharedArrayBuffer>>(name: string, make: () => Value): Value {
  if (isMainThread) setEnvironmentData(name, make());
  return getEnvironmentData(name) as unknown as Value;
}

function take(step: string): void {
  const number = Atomics.add(taken, 0, 1) + 1;
  const name = step.replaceAll(/\s+/g, ' ').slice(0, longestName);
  appendFileSync(stepLog, `${number} ${name}\n`);
  const dies = /^\d+$/.test(dieAt) ? number === Number(dieAt) : dieAt !== '' && new RegExp(dieAt).test(name);
  if (dies) process.kill(0, 'SIGKILL');
}

/** Counts a step before each call of these methods for which `counts` is true. */
function watch(
  owner: object,
  title: string,
  names: readonly string[],
  counts: (self: unknown, words: readonly unknown[]) => boolean = () => true,
): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== 'function') throw new Error(`${title} has no method ${name}`);
    const watched = function (this: unknown, ...words: readonly unknown[]): unknown {
      const said = words.filter((word) => typeof word === 'string').join(' ');
      if (counts(this, words)) take(`${title}.${name} ${said}`);
      return Reflect.apply(original, this, words);
    };
    Reflect.set(owner, name, watched);
  }
}

function opensForWriting(_self: unknown, [, flags = 'r']: readonly unknown[]): boolean {
  return typeof flags === 'number' ? (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0 : flags !== 'r';
}

function answersMoreThanAQuestion(self: unknown): boolean {
  return self instanceof ServerResponse && self.req.method !== 'GET';
}

const handle = await files.open(import.meta.filename);
watch(Object.getPrototypeOf(handle), 'file', ['sync', 'truncate']);
await handle.close();
watch(files, 'files', ['link', 'mkdir', 'mkdtemp', 'rename', 'rm', 'symlink', 'writeFile']);
watch(files, 'files', ['open'], opensForWriting);
watch(DatabaseSync.prototype, 'database', ['exec']);
watch(StatementSync.prototype, 'statement', ['run']);
watch(ServerResponse.prototype, 'answer', ['end'], answersMoreThanAQuestion);
watch(ChildProcess.prototype, 'process', ['spawn']);
syncBuiltinESMExports();
