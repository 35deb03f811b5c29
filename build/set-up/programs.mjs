import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { isSystemError } from './say.mjs';

/**
 * A program that is not an npm package. The environment's `variable` may give its path; `others` are programs that can replace it; with the
 * arguments `proof` it must succeed, or it counts as missing; the other fields are its names for package managers and people.
 * @typedef {{ name: string, others?: readonly string[], variable?: string, proof?: readonly string[], debian: string, brew: string, winget?: string, page: string }} Program
 */

/** @type {Program} */
const ffmpeg = {
  name: 'ffmpeg',
  variable: 'FFMPEG_PATH',
  debian: 'ffmpeg',
  brew: 'ffmpeg',
  winget: 'Gyan.FFmpeg',
  page: 'https://ffmpeg.org/download.html',
};
/** @type {Program} */
const mp3val = { name: 'mp3val', debian: 'mp3val', brew: 'mp3val', page: 'https://mp3val.sourceforge.net' };
/** @type {Program} */
const curl = { name: 'curl', debian: 'curl', brew: 'curl', winget: 'cURL.cURL', page: 'https://curl.se' };
/**
 * Each test that needs a RabbitMQ starts a private one.
 * @type {Program}
 */
const rabbitmq = {
  name: 'rabbitmq-server',
  debian: 'rabbitmq-server',
  brew: 'rabbitmq',
  page: 'https://www.rabbitmq.com/docs/download',
};
/**
 * Some servers of the tests come as Python packages, which are installed into environments. Debian's Python lacks what makes these.
 * @type {Program}
 */
export const python = {
  name: 'python3',
  others: ['python'],
  proof: ['-c', 'import ensurepip, venv'],
  debian: 'python3-venv',
  brew: 'python',
  winget: 'Python.Python.3.13',
  page: 'https://www.python.org/downloads/',
};
/**
 * The tests start its server with folders of their own.
 * @type {Program}
 */
const mariadb = {
  name: 'mariadbd',
  debian: 'mariadb-server',
  brew: 'mariadb',
  winget: 'MariaDB.Server',
  page: 'https://mariadb.org/download',
};
/**
 * Runs the app where Electron cannot be downloaded.
 * @type {Program}
 */
export const chromium = {
  name: 'chromium',
  others: ['chromium-browser', 'google-chrome', 'google-chrome-stable'],
  variable: 'STANDIN_CHROMIUM',
  debian: 'chromium',
  brew: '--cask chromium',
  winget: 'Hibbiki.Chromium',
  page: 'https://www.chromium.org/getting-involved/download-chromium/',
};

/**
 * What a cluster needs besides ffmpeg: the servers that its environment does not name.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {readonly Program[]}
 */
export function programsForCluster(environment = process.env) {
  const servers = [
    { program: python, variable: 'MONGODB_URL' },
    { program: rabbitmq, variable: 'RABBITMQ_URL' },
    { program: mariadb, variable: 'MYSQL_URL' },
  ];
  return [ffmpeg, ...servers.filter(({ variable }) => !environment[variable]).map(({ program }) => program)];
}

/**
 * @param {'conversions' | 'tests'} purpose
 * @param {boolean} [hasElectron] whether Electron's binary is on disk; elsewhere than on Linux it is sure to come
 * @returns {readonly Program[]}
 */
export function programsFor(purpose, hasElectron = process.platform !== 'linux') {
  if (purpose === 'conversions') return [ffmpeg];
  const programs = [ffmpeg, mp3val, curl, python, rabbitmq, mariadb];
  return hasElectron ? programs : [...programs, chromium];
}

/**
 * Whether Electron's binary is on disk. Importing the package would download it.
 * @param {string} root
 */
export function hasElectron(root) {
  const folder = join(root, 'node_modules', 'electron');
  return process.platform !== 'linux' || isRunnable(join(folder, 'dist', 'electron'));
}

/**
 * @param {readonly Program[]} programs
 * @param {NodeJS.ProcessEnv} [environment]
 */
export function missingPrograms(programs, environment = withSystemPrograms()) {
  return programs.filter((program) => {
    const named = program.variable === undefined ? undefined : environment[program.variable];
    // The program itself, or the folder that holds it.
    if (named) return !isRunnable(named) && !isRunnable(join(named, fileNameOf(program.name)));
    const names = [program.name, ...(program.others ?? [])];
    return !names.some((name) => {
      const file = findOnPath(name, environment);
      return file !== undefined && (program.proof === undefined || succeeds(file, program.proof, environment));
    });
  });
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} environment
 */
function succeeds(file, args, environment) {
  return spawnSync(file, args, { env: environment, stdio: 'ignore', windowsHide: true }).status === 0;
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string | undefined} its path
 */
export function findOnPath(name, environment = withSystemPrograms()) {
  const variable = pathVariable(environment);
  return (environment[variable] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, fileNameOf(name)))
    .find(isRunnable);
}

/**
 * Our environment, with the folders of servers and administrators' programs on the PATH. Debian has them only on root's.
 * @returns {NodeJS.ProcessEnv}
 */
export function withSystemPrograms() {
  if (process.platform === 'win32') return process.env;
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
}

/** @param {string} name */
const fileNameOf = (name) => (process.platform === 'win32' ? `${name}.exe` : name);

/**
 * The name of the PATH variable. Windows calls it `Path` and ignores case.
 * @param {NodeJS.ProcessEnv} environment
 */
export function pathVariable(environment) {
  if (process.platform !== 'win32') return 'PATH';
  return Object.keys(environment).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
}

/**
 * The sentence for a person who has to install something.
 * @param {readonly Program[]} missing
 * @param {NodeJS.Platform} platform
 * @param {'debian' | 'fedora' | 'arch' | 'alpine' | undefined} family of a Linux
 * @param {NodeJS.ProcessEnv} environment
 */
export function howToInstall(missing, platform, family, environment) {
  const wronglyNamed = missing.find(({ variable }) => variable !== undefined && environment[variable]);
  if (wronglyNamed?.variable !== undefined) {
    const { name, variable } = wronglyNamed;
    return `${variable} names ${environment[variable]}, where no program can be run: correct it, or unset it to use the ${name} on the PATH.`;
  }
  const names = missing
    .map(({ name }) => name)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
  const ownOnes = missing.filter((program) => program.variable !== undefined);
  const otherwise = ownOnes.map((program) => `, or name your own ${program.name} in ${program.variable}`).join('');
  return `Soundlift needs ${names}, which this machine lacks: ${installHint(missing, platform, family)}${otherwise}.`;
}

/**
 * @param {readonly Program[]} missing
 * @param {NodeJS.Platform} platform
 * @param {ReturnType<typeof linuxFamily>} family
 */
function installHint(missing, platform, family) {
  if (platform === 'darwin') return `run \`brew install ${missing.map(({ brew }) => brew).join(' ')}\``;
  if (platform === 'linux' && family === 'debian') {
    return `run \`sudo apt-get install ${missing.map(({ debian }) => debian).join(' ')}\``;
  }
  return missing
    .map((program) => {
      if (platform === 'win32' && program.winget !== undefined) return `run \`winget install ${program.winget}\``;
      if (program.name === 'ffmpeg' && family === 'fedora') return 'run `sudo dnf install ffmpeg-free`';
      if (program.name === 'ffmpeg' && family === 'arch') return 'run `sudo pacman -S ffmpeg`';
      if (program.name === 'ffmpeg' && family === 'alpine') return 'run `apk add ffmpeg`';
      return `get ${program.name} from ${program.page}`;
    })
    .join(', and ');
}

/**
 * Which family of package managers a Linux has, by os-release(5).
 * @param {string} [file]
 * @returns {'debian' | 'fedora' | 'arch' | 'alpine' | undefined}
 */
export function linuxFamily(file = '/etc/os-release') {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
  const words = [...text.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll(/["']/g, '').split(' '),
  );
  if (words.includes('debian') || words.includes('ubuntu')) return 'debian';
  if (words.includes('fedora')) return 'fedora';
  if (words.includes('arch')) return 'arch';
  return words.includes('alpine') ? 'alpine' : undefined;
}

/** @param {string} file */
function isRunnable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG')) return false;
    throw error;
  }
}
