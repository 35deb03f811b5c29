import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'soundlift-python');

/**
 * Absolute path of the folder with the programs of a Python package, including python, in a separate environment.
 * Installs it from PyPI the first time. Throws if that fails.
 */
export async function installPythonPackage(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name}-${version}`);
  const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const marker = join(folder, 'is-whole');
  if (await stat(marker).catch(() => undefined)) return programs;
  // An environment contains its own path, so it cannot be moved after it is made. An incomplete one is removed first.
  await rm(folder, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  try {
    await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]);
    await run(join(programs, 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `${name}==${version}`,
    ]);
  } catch (error) {
    throw new Error(`${name} ${version} cannot be installed: Python 3 with venv and a way to PyPI are needed`, {
      cause: error,
    });
  }
  const begun = `${marker}.begun`;
  await writeFile(begun, '');
  await rename(begun, marker);
  return programs;
}
