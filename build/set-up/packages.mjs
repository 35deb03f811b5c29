import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from './say.mjs';

/** @typedef {{ version?: string, optional?: boolean }} LockedPackage */

/**
 * The path of the Node that package-lock.json pins. Everything except set-up runs on it.
 * @param {string} root
 */
export function pinnedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * Whether node_modules holds what package-lock.json names. The stamp says that an installation of this lock file, for
 * this kind of machine, finished. npm removes it when it starts, so an interrupted installation has no stamp. We also check that each
 * package's folder exists, which takes a millisecond.
 * @param {string} root
 */
export function packagesAreInStep(root) {
  const lockText = readLockFile(root);
  const locked = parseLockFile(lockText);
  const folders = Object.keys(locked).filter((folder) => folder !== '' && locked[folder]?.optional !== true);
  if (!existsSync(pinnedNode(root)) || !folders.every((folder) => existsSync(join(root, folder, 'package.json')))) {
    return false;
  }
  if (readIfThere(stampFile(root)) === stampFor(lockText)) return true;
  // A person's `npm install` leaves no stamp, but at its end npm writes its own list of what it installed.
  const noteText = readIfThere(npmNoteFile(root));
  if (noteText === undefined) return false;
  const installed = parseLockFile(noteText);
  if (!folders.every((folder) => installed[folder]?.version === locked[folder]?.version)) return false;
  // They may have been installed on another kind of machine, by a container that shares the clone.
  if (!pinnedNodeRuns(root)) return false;
  stampPackages(root);
  return true;
}

/**
 * Records that node_modules is complete.
 * @param {string} root
 */
export function stampPackages(root) {
  const file = stampFile(root);
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, stampFor(readLockFile(root)));
    renameSync(unfinished, file);
  } catch (error) {
    // If the clone is read-only, we compare the packages one by one each time.
    if (!isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
  }
}

/**
 * Removes every record that node_modules is complete, before an installation starts.
 * @param {string} root
 */
export function unstampPackages(root) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  rmSync(stampFile(root), { force: true });
  rmSync(npmNoteFile(root), { force: true });
}

/**
 * Whether the Node that package-lock.json pins is there, and runs on this machine. Starts it once.
 * @param {string} root
 */
export function pinnedNodeRuns(root) {
  const { stdout } = spawnSync(pinnedNode(root), ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout?.trim() === `v${pinnedNodeVersion(root)}`;
}

/**
 * The version of Node that package-lock.json pins.
 * @param {string} root
 */
export function pinnedNodeVersion(root) {
  return parseLockFile(readLockFile(root))['node_modules/node']?.version;
}

/** @param {string} root */
const stampFile = (root) => join(root, 'node_modules', '.set-up');
/** @param {string} root */
const npmNoteFile = (root) => join(root, 'node_modules', '.package-lock.json');
/** @param {string} root */
const readLockFile = (root) => readFileSync(join(root, 'package-lock.json'), 'utf8');

/** @param {string} lockText */
function stampFor(lockText) {
  return `${createHash('sha256').update(lockText).digest('hex')} ${process.platform} ${process.arch}\n`;
}

/**
 * @param {string} text
 * @returns {Record<string, LockedPackage | undefined>}
 */
function parseLockFile(text) {
  /** @type {{ packages: Record<string, LockedPackage | undefined> }} */
  const lock = JSON.parse(text);
  return lock.packages;
}

/**
 * @param {string} file
 * @returns {string | undefined} undefined when there is no such file
 */
export function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
