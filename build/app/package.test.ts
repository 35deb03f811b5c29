import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { mediaExtensionNames } from '../../desktop/client/media-files.ts';
import { launchApp, makeHome } from '../../desktop/e2e/launch-app.ts';
import { buildStaleBundles } from './bundles.ts';
import { electronPaths } from './electron-binary.ts';
import { makeStubElectron } from './stub-electron.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

let folder: string;
let app: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-package-'));
  app = join(folder, 'release', 'linux-unpacked');
  await makeStubElectron(electronPaths.standIn, join(folder, 'electron'));
  await buildStaleBundles();
  const words = ['--config', 'electron-builder.yml', '--publish', 'never', '--linux', 'deb'];
  const places = [`-c.electronDist=${join(folder, 'electron')}`, `-c.directories.output=${join(folder, 'release')}`];
  await run(process.execPath, [join(root, 'node_modules', 'electron-builder', 'cli.js'), ...words, ...places], {
    cwd: root,
    env: { ...process.env, CUSTOM_FPM_PATH: join(root, 'build', 'app', 'make-deb.cjs') },
  });
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const archive = (): string => join(app, 'resources', 'app.asar');

describe('the package', () => {
  it('has fuses that keep Electron from running anything but this app', async () => {
    const wire = await getCurrentFuseWire(join(app, 'soundlift'));
    const { DISABLE, ENABLE } = FuseState;
    expect(wire).toMatchObject({
      [FuseV1Options.RunAsNode]: DISABLE,
      [FuseV1Options.EnableCookieEncryption]: ENABLE,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: DISABLE,
      [FuseV1Options.EnableNodeCliInspectArguments]: DISABLE,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: ENABLE,
      [FuseV1Options.OnlyLoadAppFromAsar]: ENABLE,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: DISABLE,
    });
  });

  it('contains the bundles, their images and the licences, and no sources', () => {
    const files = listPackage(archive(), { isPack: false });
    expect(files.filter((file) => !/^\/(package\.json|dist(\/.*)?)$/.test(file))).toEqual([]);
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        '/dist/main/main.js',
        '/dist/main/backend-process.js',
        '/dist/main/store-thread.js',
        '/dist/preload/preload.cjs',
        '/dist/renderer/index.html',
        '/dist/licences.txt',
        '/dist/tray/working-45-white.png',
        '/dist/icons/icon.png',
      ]),
    );
  });

  it('contains nothing about the machine on which it was made', () => {
    for (const file of [
      'dist/main/main.js',
      'dist/main/backend-process.js',
      'dist/main/store-thread.js',
      'dist/preload/preload.cjs',
      'package.json',
    ])
      expect(extractFile(archive(), file).includes(root), file).toBe(false);
  });

  it('needs no package that it does not contain', () => {
    for (const name of ['main', 'backend-process', 'store-thread']) {
      const code = extractFile(archive(), `dist/main/${name}.js`).toString();
      const imported = [...code.matchAll(/^import\b[^;]*?from "([^".][^"]*)";$/gm)].map(([, from]) => from ?? '');
      expect(imported.filter((from) => from !== 'electron' && !isOfNode(from))).toEqual([]);
    }
  });

  it("has ffmpeg's launcher as a program beside the archive, where the backend looks for it", async () => {
    const launcher = join(`${archive()}.unpacked`, 'dist', 'main', 'launch-ffmpeg.sh');
    expect((await stat(launcher)).mode & 0o111).toBe(0o111);
    expect(extractFile(archive(), 'dist/main/backend-process.js').toString()).toContain(
      '"launch-ffmpeg.sh", import.meta.url).href.replace("/app.asar/", "/app.asar.unpacked/")',
    );
  });

  it('states the licence of each package in it', () => {
    const text = extractFile(archive(), 'dist/licences.txt').toString();
    for (const name of ['Soundlift', 'react', 'react-dom', 'fluent-ffmpeg', 'pino', 'zod', 'axios', 'electron-store'])
      expect(new RegExp(`^${name}( [\\d.]+ \\(.+\\))?$`, 'm').test(text), name).toBe(true);
    expect(text.match(/^.* \(of an unknown licence\)$/m)).toBeNull();
  });

  it('has a page whose policy has no exceptions', () => {
    const page = extractFile(archive(), 'dist/renderer/index.html').toString();
    expect(page).toContain("default-src 'none'");
    const scripts = listPackage(archive(), { isPack: false }).filter((file) => /^\/dist\/renderer\/.*\.js$/.test(file));
    for (const script of scripts)
      expect(extractFile(archive(), script.slice(1)).includes('React DevTools'), 'React for developers').toBe(false);
    expect(page).not.toMatch(/unsafe|crossorigin|https?:|<script(?![^>]* src=)|<style|\son\w+=/);
  });

  it('registers the app for the types that it converts, and for its links, in the desktop file of the deb', async () => {
    const [name = ''] = (await readdir(join(folder, 'release'))).filter((file) => file.endsWith('.deb'));
    const deb = join(folder, 'release', name);
    await run('dpkg-deb', ['--extract', deb, join(folder, 'deb')]);
    const { stdout: control } = await run('dpkg-deb', ['--field', deb]);
    expect(control).toContain('Package: soundlift\n');
    expect(control).toMatch(/^Depends: .*\bffmpeg\b/m);
    const applications = join(folder, 'deb', 'usr', 'share', 'applications');
    const entry = await readFile(join(applications, 'soundlift.desktop'), 'utf8');
    const types = /^MimeType=(.*)$/m.exec(entry)?.[1]?.split(';') ?? [];
    expect(types).toEqual(
      expect.arrayContaining(['video/mp4', 'video/x-matroska', 'audio/flac', 'x-scheme-handler/soundlift']),
    );
    expect(types).not.toContain('application/octet-stream');
    expect(entry).toMatch(/^Exec=\S*soundlift .*%U$/m);
    expect(entry).toMatch(/^Categories=AudioVideo;$/m);
    const icons = await readdir(join(folder, 'deb', 'usr', 'share', 'icons', 'hicolor'));
    expect(icons.toSorted()).toEqual(
      ['16x16', '24x24', '32x32', '48x48', '64x64', '128x128', '256x256', '512x512'].toSorted(),
    );
  });

  it('registers the app for every type of file that it finds in folders', async () => {
    const config = await readFile(join(root, 'electron-builder.yml'), 'utf8');
    const named = [...config.matchAll(/^ {4}ext:\s*\[?([^\]]*)\]/gm)].flatMap(([, list = '']) =>
      list
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    );
    expect(named.toSorted()).toEqual(
      mediaExtensionNames.filter((extension) => extension !== 'ts' && extension !== 'mts').toSorted(),
    );
  });

  it('opens its window, and converts the video that it is started with', async () => {
    const home = await makeHome(join(folder, 'person'));
    await using media = await openMediaFolder();
    const video = join(home.videos, 'Talk.mp4');
    await copyFile(await media.make({ container: 'mp4', seconds: 3 }), video);
    const boot = join(root, 'desktop', 'e2e', 'standin', 'boot.ts');
    const executable = join(app, 'soundlift');
    const electron = await launchApp(home, { executable, args: [video], env: { STANDIN_BOOT: boot } });
    try {
      const page = await electron.firstWindow();
      await page.waitForURL(/\/dist\/renderer\/index\.html/);
      // The page draws this after main has sent its state.
      await page.locator('.window').waitFor({ state: 'attached' });
      expect(await page.title()).toContain('Soundlift');
      await page.getByRole('row', { name: 'Talk.mp3' }).getByText('Saved in Videos').waitFor({ timeout: 45_000 });
      expect((await decodeSound(join(home.videos, 'Talk.mp3'))).seconds).toBeCloseTo(3, 0);
    } finally {
      await electron.close();
    }
  });
});

function isOfNode(name: string): boolean {
  return name.startsWith('node:') || process.getBuiltinModule(name) !== undefined;
}
