import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const set_up = join(import.meta.dirname, '..', 'set-up.mjs');

/** A small clone with the real set-up and a fake npm, which quickly installs this Node and one more package. */
export interface Clone extends AsyncDisposable {
  readonly folder: string;
  /** Writes a script into the clone and returns its name. */
  script(code: string): Promise<string>;
  /** Starts set-up with these words. */
  start(words: readonly string[], options?: StartOptions): Started;
  /** How often npm was started, and how often it finished. */
  installations(): Promise<{ readonly begun: number; readonly ended: number }>;
  /** Changes what package-lock.json names. */
  lockVersion(version: string): Promise<void>;
}

export interface StartOptions {
  /** Over the test's own environment; undefined removes. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly end: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
  /** Resolves once standard output has this text. */
  says(text: string): Promise<void>;
}

const fakeNpm = `
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
appendFileSync('npm.log', 'begun\\n');
if (process.argv[2] !== 'ci' || process.env.NPM_FAILS) process.exit(3);
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/node/bin', { recursive: true });
await setTimeout(Number(process.env.NPM_MILLISECONDS ?? 0));
mkdirSync('node_modules/.bin');
writeFileSync('node_modules/node/package.json', '{}');
symlinkSync(process.env.NPM_NODE ?? process.execPath, 'node_modules/node/bin/node');
mkdirSync('node_modules/other');
writeFileSync('node_modules/other/package.json', '{}');
writeFileSync('node_modules/.package-lock.json', readFileSync('package-lock.json'));
appendFileSync('npm.log', 'ended\\n');
`;

/** @param name of its folder */
export async function makeClone(name = 'clone'): Promise<Clone> {
  const top = await mkdtemp(join(tmpdir(), 'soundlift-set-up-'));
  const folder = join(top, name);
  await mkdir(join(folder, 'build'), { recursive: true });
  await cp(set_up, join(folder, 'build', 'set-up.mjs'));
  await cp(import.meta.dirname, join(folder, 'build', 'set-up'), { recursive: true });
  await writeFile(join(folder, 'npm-cli.js'), fakeNpm);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');

  const clone: Clone = {
    folder,
    async script(code) {
      await writeFile(join(folder, 'script.mjs'), code);
      return 'script.mjs';
    },
    start(words, { environment, cwd = folder } = {}) {
      const env = { ...process.env, npm_execpath: join(folder, 'npm-cli.js'), ...environment };
      return watch(
        spawn(process.execPath, [join(folder, 'build', 'set-up.mjs'), ...words], {
          cwd,
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
          detached: true,
        }),
      );
    },
    async installations() {
      const log = await readFile(join(folder, 'npm.log'), 'utf8').catch(() => '');
      const lines = log.split('\n');
      const count = (word: string) => lines.filter((line) => line === word).length;
      return { begun: count('begun'), ended: count('ended') };
    },
    async lockVersion(version) {
      const packages = {
        '': {},
        'node_modules/node': { version: process.version.slice(1) },
        'node_modules/other': { version },
        'node_modules/only-elsewhere': { version: '1.0.0', optional: true },
      };
      await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    },
    async [Symbol.asyncDispose]() {
      await rm(top, { recursive: true, force: true });
    },
  };
  await clone.lockVersion('1.0.0');
  return clone;
}

/** Collects what a child says. */
export function watch(child: ChildProcess): Started {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const end: Started['end'] = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    end,
    async says(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended without "${text}": ${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
