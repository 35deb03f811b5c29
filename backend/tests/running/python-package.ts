import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { oneProcessAtATime } from './one-process-at-a-time.ts';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'soundlift-python');
const markerName = 'is-whole';

/**
 * Absolute path of the folder with the programs of a Python package, including python, in a separate environment.
 * Installs it from PyPI the first time. Throws if that fails.
 */
export async function installPythonPackage(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name}-${version}`);
  const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const marker = join(folder, markerName);
  const isWhole = async (): Promise<boolean> => (await stat(marker).catch(() => undefined)) !== undefined;
  if (await isWhole()) return programs;
  await mkdir(cache, { recursive: true });
  await oneProcessAtATime(`${folder}.lock`, async () => {
    // Another process may have installed it meanwhile.
    if (!(await isWhole())) await install(folder, programs, `${name}==${version}`);
  });
  return programs;
}

async function install(folder: string, programs: string, requirement: string): Promise<void> {
  // An environment contains its own path, so it cannot be moved after it is made. An incomplete one is removed first.
  await rm(folder, { recursive: true, force: true });
  try {
    await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]);
    await run(join(programs, 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      requirement,
    ]);
  } catch (error) {
    throw new Error(`${requirement} cannot be installed: Python 3 with venv and a way to PyPI are needed`, {
      cause: error,
    });
  }
  const begun = join(folder, `${markerName}.begun`);
  await writeFile(begun, '');
  await rename(begun, join(folder, markerName));
}
