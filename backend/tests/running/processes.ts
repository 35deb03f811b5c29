import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A running process, as described in /proc. */
export interface RunningProcess {
  readonly pid: number;
  /** The name of the program's file, of which the kernel keeps 15 characters. */
  readonly name: string;
  readonly parent: number;
}

/** All running processes, without zombies. */
async function listProcesses(): Promise<readonly RunningProcess[]> {
  const names = await readdir('/proc');
  const found = await Promise.all(names.filter((name) => /^[0-9]+$/.test(name)).map(readProcess));
  return found.filter((one) => one !== undefined);
}

/**
 * proc(5), /proc/PID/stat: the name is in parentheses and may contain anything, so fields are counted from the last
 * parenthesis.
 */
async function readProcess(pid: string): Promise<RunningProcess | undefined> {
  const text = await readFile(join('/proc', pid, 'stat'), 'utf8').catch(() => undefined);
  const match = /^\d+ \((.*)\) (\S) (\d+) /s.exec(text ?? '');
  const [, name = '', state = '', parent = ''] = match ?? [];
  if (match === null || 'ZX'.includes(state)) return undefined;
  return { pid: Number(pid), name, parent: Number(parent) };
}

/** Processes whose current folder is `folder` or below. This finds all converters of a server, by its data folder. */
export async function processesWorkingIn(folder: string): Promise<readonly RunningProcess[]> {
  const real = await realPath(folder);
  return await filterProcesses(async (pid) => await worksIn(pid, real));
}

/** This process and its descendants. A process that lost its parent is not found. */
export async function processTree(root: number): Promise<readonly number[]> {
  const all = await listProcesses();
  const tree = [root];
  // The array grows during the loop.
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map((one) => one.pid));
  return tree;
}

/** Processes that work in `folder`, have a file of it open, or name it on their command line. */
export async function processesIn(folder: string): Promise<readonly RunningProcess[]> {
  const real = await realPath(folder);
  return await filterProcesses(async (pid) => (await worksIn(pid, real)) || (await reachesInto(pid, real)));
}

/** The path as the kernel knows it. A folder that does not exist keeps its given name. */
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

/** The peak memory of a process in bytes. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const text = await readFile(join('/proc', String(pid), 'status'), 'utf8');
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(text);
  if (match === null) throw new Error('the kernel does not report the peak memory of the process');
  return Number(match[1]) * 1024;
}
