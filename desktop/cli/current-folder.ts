import path from 'node:path';

/**
 * The absolute path at which the caller's relative paths start. npm runs a package's scripts in the package's own folder, and puts the
 * caller's folder into `INIT_CWD`. Programs that such a script starts inherit the variable, so it only counts in the package's folder.
 */
export function callersFolder(workingFolder: string, packageFolder: string, initCwd: string | undefined): string {
  const underNpm = initCwd !== undefined && initCwd !== '' && path.relative(packageFolder, workingFolder) === '';
  return underNpm ? path.resolve(initCwd) : workingFolder;
}
