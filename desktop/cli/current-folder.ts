import path from 'node:path';

/**
 * Where the caller's relative paths start, absolute. npm runs a package's scripts in the package's own folder, and says in
 * `INIT_CWD` where the caller was; but whatever such a script starts inherits the variable too, so it counts only there.
 */
export function callersFolder(workingFolder: string, packageFolder: string, initCwd: string | undefined): string {
  const underNpm = initCwd !== undefined && initCwd !== '' && path.relative(packageFolder, workingFolder) === '';
  return underNpm ? path.resolve(initCwd) : workingFolder;
}
