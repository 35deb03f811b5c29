import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A process that runs, as Linux tells of it in /proc. */
export interface RunningProcess {
  readonly pid: number;
  /** The program's file, as far as the kernel keeps its name: 15 characters. */
  readonly name: string;
  readonly parent: number;
}

/** All that run; those that have ended and only wait for their parent are not among them. */
async function listProcesses(): Promise<readonly RunningProcess[]> {
  const names = await readdir('/proc');
  const found = await Promise.all(names.filter((name) => /^[0-9]+$/.test(name)).map(readProcess));
  return found.filter((one) => one !== undefined);
}

/** proc(5), /proc/PID/stat: the name stands in parentheses and may hold anything, so the rest is counted from the last one. */
async function readProcess(pid: string): Promise<RunningProcess | undefined> {
  const text = await readFile(join('/proc', pid, 'stat'), 'utf8').catch(() => undefined);
  const match = /^\d+ \((.*)\) (\S) (\d+) /s.exec(text ?? '');
  const [, name = '', state = '', parent = ''] = match ?? [];
  if (match === null || 'ZX'.includes(state)) return undefined;
  return { pid: Number(pid), name, parent: Number(parent) };
}

/** Those that work in `folder` or below: so does whatever converts for a server over its data folder. */
export async function processesWorkingIn(folder: string): Promise<readonly RunningProcess[]> {
  const real = await realPath(folder);
  return await filterProcesses(async (pid) => await worksIn(pid, real));
}

/** This process and all that it has started, and those have: whoever has lost its parent is not found. */
export async function processTree(root: number): Promise<readonly number[]> {
  const all = await listProcesses();
  const tree = [root];
  // Grows while it is gone through.
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map((one) => one.pid));
  return tree;
}

/** Those that have a file of `folder` open, too, or name it on their command line. */
export async function processesIn(folder: string): Promise<readonly RunningProcess[]> {
  const real = await realPath(folder);
  return await filterProcesses(async (pid) => (await worksIn(pid, real)) || (await reachesInto(pid, real)));
}

/** As the kernel tells it. A folder that was not made yet, or is gone, keeps the name that it was given. */
async function realPath(folder: string): Promise<string> {
  return await realpath(folder).catch(() => folder);
}

async function filterProcesses(isMeant: (pid: number) => Promise<boolean>): Promise<readonly RunningProcess[]> {
  const all = await listProcesses();
  const meant = await Promise.all(all.map(({ pid }) => isMeant(pid)));
  return all.filter((_one, index) => meant[index]);
}

async function worksIn(pid: number, folder: string): Promise<boolean> {
  return isIn(folder, await readlink(join('/proc', String(pid), 'cwd')).catch(() => ''));
}

async function reachesInto(pid: number, folder: string): Promise<boolean> {
  const process = join('/proc', String(pid));
  const commandLine = await readFile(join(process, 'cmdline'), 'utf8').catch(() => '');
  if (commandLine.includes(folder)) return true;
  const descriptors = await readdir(join(process, 'fd')).catch(() => []);
  const links = descriptors.map((descriptor) => join(process, 'fd', descriptor));
  const targets = await Promise.all(links.map((link) => readlink(link).catch(() => '')));
  return targets.some((target) => isIn(folder, target));
}

function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** The most memory that a process ever had in use: bytes. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const text = await readFile(join('/proc', String(pid), 'status'), 'utf8');
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(text);
  if (match === null) throw new Error('the kernel does not tell how much memory the process has had');
  return Number(match[1]) * 1024;
}
