// The stand-in's command line, which is Electron's: electron [-r MODULE]… [--inspect=0] [SWITCHES] APP [ARGUMENTS]
import { existsSync, readFileSync, statSync } from 'node:fs';
import inspector from 'node:inspector';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const standIn = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    /^electron(\/(main|common))?$/.test(specifier)
      ? { url: standIn, format: 'module-typescript', shortCircuit: true }
      : // Electron's `fs` reads archives, `original-fs` does not.
        next(specifier === 'original-fs' ? 'node:fs' : specifier, context),
});
Object.defineProperty(process, 'type', { value: 'browser' });
Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '45.4.1', chrome: '0.0.0.0' } });

interface CommandLine {
  readonly required: readonly string[];
  readonly inspectPort: number | undefined;
  readonly app: string | undefined;
}

function parse(words: readonly string[]): CommandLine {
  const required: string[] = [];
  let inspectPort: number | undefined;
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '-r' || word === '--require') required.push(left.shift() ?? '');
    else if (word.startsWith('--inspect')) inspectPort = Number(word.split('=')[1] ?? 9229);
    else if (!word.startsWith('-')) return { required, inspectPort, app: word };
  }
  return { required, inspectPort, app: undefined };
}

/** @param executable path of what was started: what lies beside it says whether it is a packaged app */
export async function run(executable: string): Promise<void> {
  const { required, inspectPort, app: named } = parse(process.argv.slice(2));
  process.argv.splice(0, 2, executable);
  // Prints "Debugger listening on ws://…", for which Playwright waits.
  if (inspectPort !== undefined) inspector.open(inspectPort);

  const resources = join(dirname(executable), 'resources');
  const packed = ['app.asar', 'app'].map((name) => join(resources, name)).find((path) => existsSync(path));
  const packaged = packed !== undefined;
  Object.defineProperty(process, 'resourcesPath', { value: resources });
  if (!packaged) Object.defineProperty(process, 'defaultApp', { value: true });
  const appPath = await unpacked(packed ?? resolve(named ?? '.'));

  const { app } = await import('./electron.ts');
  let main = appPath;
  if (statSync(appPath).isDirectory()) {
    const about = JSON.parse(readFileSync(join(appPath, 'package.json'), 'utf8')) as Record<string, string | undefined>;
    main = resolve(appPath, about['main'] ?? 'index.js');
    const name = about['productName'] ?? about['name'] ?? 'Electron';
    app.__configure({ appPath, name, version: about['version'] ?? '0.0.0', packaged });
  } else app.__configure({ appPath: dirname(appPath), name: 'Electron', version: '0.0.0', packaged });

  const require = createRequire(join(process.cwd(), 'required.js'));
  for (const file of required) require(resolve(file));
  const appCode = import(pathToFileURL(main).href);
  await Promise.all([appCode, app.__launch(appCode)]);
}

async function unpacked(path: string): Promise<string> {
  if (!path.endsWith('.asar')) return path;
  const { unpackArchive } = await import('./unpack-archive.ts');
  return unpackArchive(path);
}
