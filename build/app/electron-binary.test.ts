import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type ElectronPaths, findElectron, installedElectron } from './electron-binary.ts';

let folder: string;
let paths: ElectronPaths;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-electron-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  paths = { packageFolder: join(folder, 'electron'), standIn: join(folder, 'stand-in') };
  await mkdir(paths.packageFolder);
});

/** Replaces the npm package's download of its binary by one that succeeds or fails. */
async function installer(code: string): Promise<void> {
  await writeFile(join(paths.packageFolder, 'install.js'), code);
}
const installs = `
  const { mkdirSync, writeFileSync } = process.getBuiltinModule('node:fs');
  mkdirSync(__dirname + '/dist');
  writeFileSync(__dirname + '/dist/electron', '');
  writeFileSync(__dirname + '/path.txt', 'electron');`;

describe('Electron', () => {
  it('is taken from the npm package, if it is there', async () => {
    await mkdir(join(paths.packageFolder, 'dist'));
    await writeFile(join(paths.packageFolder, 'dist', 'electron'), '');
    expect(installedElectron(paths), 'half fetched').toBeUndefined();
    await writeFile(join(paths.packageFolder, 'path.txt'), 'electron');
    const executable = join(paths.packageFolder, 'dist', 'electron');
    expect(await findElectron(paths, {})).toEqual({ executable, isStandIn: false });
  });

  it('is downloaded if it is missing', async () => {
    await installer(installs);
    expect(await findElectron(paths, {})).toMatchObject({ isStandIn: false });
  });

  it.skipIf(process.platform === 'win32')('is replaced by the stand-in if it cannot be downloaded', async () => {
    await installer('process.exit(1)');
    await writeFile(join(folder, 'chromium'), '#!/bin/sh\n');
    await chmod(join(folder, 'chromium'), 0o755);
    expect(await findElectron(paths, { PATH: folder })).toEqual({ executable: paths.standIn, isStandIn: true });
  });

  it('is requested in a sentence if nothing can run the app', async () => {
    await installer('process.exit(1)');
    await expect(findElectron(paths, { PATH: folder })).rejects.toThrow(/^Electron could not be downloaded, .*/);
  });
});
