import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  chromium,
  findOnPath,
  howToInstall,
  linuxFamily,
  missingPrograms,
  programsFor,
  programsForCluster,
  python,
} from './programs.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-programs-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function makeProgram(name: string, script = ''): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('a program is found', () => {
  it('in the first folder of the PATH that has it', async () => {
    await mkdir(join(folder, 'ffmpeg'));
    const file = await makeProgram('mp3val');
    const path = [join(folder, 'ffmpeg'), 'relative', '', folder, '/usr/bin'].join(delimiter);
    expect(findOnPath('mp3val', { PATH: path })).toBe(file);
  });

  it('only if it can be run', async () => {
    await mkdir(join(folder, 'ffmpeg'));
    await writeFile(join(folder, 'mp3val'), '');
    expect(findOnPath('ffmpeg', { PATH: folder })).toBeUndefined();
    expect(findOnPath('mp3val', { PATH: folder })).toBeUndefined();
  });

  it('where its variable says, file or folder, and there alone', async () => {
    const named = await makeProgram('my-ffmpeg');
    await makeProgram('ffmpeg');
    const missing = (variable: string) =>
      missingPrograms(programsFor('conversions'), { FFMPEG_PATH: variable, PATH: folder }).map(({ name }) => name);
    expect(missing(named)).toEqual([]);
    expect(missing(folder)).toEqual([]);
    expect(missing('')).toEqual([]);
    expect(missing(join(folder, 'gone'))).toEqual(['ffmpeg']);
  });

  it("among the administrators' programs, which may not be on the PATH", () => {
    vi.stubEnv('PATH', folder);
    expect(findOnPath('chroot')).toMatch(/sbin.chroot$/);
    vi.unstubAllEnvs();
  });

  it('or is missing: for tests more is needed than for conversions', () => {
    const missing = (hasElectron: boolean) =>
      missingPrograms(programsFor('tests', hasElectron), { PATH: folder }).map(({ name }) => name);
    expect(missing(true)).toEqual(['ffmpeg', 'mp3val', 'curl', 'python3', 'rabbitmq-server', 'mariadbd']);
    expect(missing(false)).toEqual(['ffmpeg', 'mp3val', 'curl', 'python3', 'rabbitmq-server', 'mariadbd', 'chromium']);
    expect(missingPrograms(programsFor('conversions'), { PATH: folder }).map(({ name }) => name)).toEqual(['ffmpeg']);
  });
});

it('does as well under another name, where it has one', async () => {
  const missing = (environment: NodeJS.ProcessEnv) => missingPrograms([chromium], environment).map(({ name }) => name);
  expect(missing({ PATH: folder })).toEqual(['chromium']);
  const file = await makeProgram('google-chrome');
  expect(missing({ PATH: folder })).toEqual([]);
  expect(missing({ PATH: '', STANDIN_CHROMIUM: file })).toEqual([]);
});

it('is missing as long as it cannot do what it is needed for', async () => {
  const missing = () => missingPrograms([python], { PATH: folder }).map(({ debian }) => debian);
  const needed = 'test \'-c import ensurepip, venv\' = "$*" || exit 1';
  await makeProgram('python3', `${needed}; exit 1`);
  expect(missing()).toEqual(['python3-venv']);
  await makeProgram('python', needed);
  expect(missing()).toEqual([]);
});

it('is not needed by a cluster whose environment names that server', () => {
  const needed = (environment: NodeJS.ProcessEnv) => programsForCluster(environment).map(({ debian }) => debian);
  expect(needed({ MYSQL_URL: '' })).toEqual(['ffmpeg', 'python3-venv', 'rabbitmq-server', 'mariadb-server']);
  expect(needed({ MYSQL_URL: 'mysql://db/auth' })).toEqual(['ffmpeg', 'python3-venv', 'rabbitmq-server']);
  expect(needed({ MYSQL_URL: 'a', MONGODB_URL: 'b', RABBITMQ_URL: 'c' })).toEqual(['ffmpeg']);
});

describe('what a person is told to install', () => {
  it.each([
    ['darwin', undefined, 'run `brew install ffmpeg mp3val curl python rabbitmq mariadb`'],
    ['linux', 'debian', 'run `sudo apt-get install ffmpeg mp3val curl python3-venv rabbitmq-server mariadb-server`'],
    [
      'linux',
      'fedora',
      'run `sudo dnf install ffmpeg-free`, and get mp3val from https://mp3val.sourceforge.net, and get curl',
    ],
    ['linux', undefined, 'get ffmpeg from https://ffmpeg.org/download.html, and get mp3val from'],
    ['win32', undefined, 'run `winget install Gyan.FFmpeg`, and get mp3val from https://mp3val.sourceforge.net'],
  ] as const)('on %s (%s): %s', (platform, family, words) => {
    const sentence = howToInstall(programsFor('tests', true), platform, family, {});
    expect(sentence).toContain(
      `Soundlift needs ffmpeg, mp3val, curl, python3, rabbitmq-server and mariadbd, which this machine lacks: ${words}`,
    );
    expect(sentence).toMatch(/, or name your own ffmpeg in FFMPEG_PATH\.$/);
  });

  it('for the tests, where Electron cannot be had: chromium', () => {
    expect(howToInstall([chromium], 'linux', 'debian', {})).toBe(
      'Soundlift needs chromium, which this machine lacks: run `sudo apt-get install chromium`, or name your own chromium in STANDIN_CHROMIUM.',
    );
  });

  it('when FFMPEG_PATH is wrong: that, and nothing else', () => {
    expect(howToInstall(programsFor('tests'), 'linux', 'debian', { FFMPEG_PATH: '/x' })).toBe(
      'FFMPEG_PATH names /x, where no program can be run: correct it, or unset it to use the ffmpeg on the PATH.',
    );
  });
});

describe('the family of a Linux', () => {
  it.each([
    ['ID=debian\nVERSION_CODENAME=bookworm\n', 'debian'],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
    ['ID=alpine\n', 'alpine'],
    ['ID=manjaro\nID_LIKE=arch\n', 'arch'],
    ['ID=other\nVARIANT_ID=debian\n', undefined],
  ])('of %j is %s', async (text, family) => {
    await writeFile(join(folder, 'os-release'), text);
    expect(linuxFamily(join(folder, 'os-release'))).toBe(family);
  });

  it('is unknown where nothing says it', () => {
    expect(linuxFamily(join(folder, 'os-release'))).toBeUndefined();
  });
});
