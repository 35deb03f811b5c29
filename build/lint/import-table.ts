import { posix } from 'node:path';

/**
 * Who may import whom, of our own files: each part, a folder or a file, with the parts that it may import besides itself.
 * The longest name that fits a file is its part. A folder stands for all that is below it.
 */
const partsMayImport: Readonly<Record<string, readonly string[]>> = {
  shared: [],

  'backend/config.ts': ['shared'],
  'backend/messages.ts': ['shared'],
  'backend/ports': ['shared', 'backend/messages.ts'],
  'backend/adapters/embedded': ['shared', 'backend/messages.ts', 'backend/ports'],
  'backend/adapters/smtp-mailer.ts': ['shared', 'backend/ports'],
  'backend/adapters/cluster': ['shared', 'backend/messages.ts', 'backend/ports'],
  'backend/conversions': ['shared', 'backend/messages.ts', 'backend/ports'],
  'backend/http': ['shared', 'backend/messages.ts', 'backend/ports'],
  // The four services know nothing of each other.
  'backend/gateway': ['shared', 'backend/messages.ts', 'backend/ports', 'backend/conversions', 'backend/http'],
  'backend/auth': ['shared', 'backend/messages.ts', 'backend/ports', 'backend/conversions', 'backend/http'],
  'backend/converter': ['shared', 'backend/messages.ts', 'backend/ports', 'backend/conversions', 'backend/http'],
  'backend/notifier': ['shared', 'backend/messages.ts', 'backend/ports', 'backend/conversions', 'backend/http'],
  'backend/main': ['shared', 'backend'],

  'desktop/ipc': ['shared'],
  'desktop/ipc.ts': ['desktop/ipc'],
  'desktop/client': ['shared'],
  'desktop/cli': ['shared', 'desktop/client'],
  // An entry point: it starts what of the backend a command needs.
  'desktop/cli/soundlift.ts': ['shared', 'desktop/client', 'desktop/cli', 'backend/main', 'backend/config.ts'],
  'desktop/words': ['shared', 'desktop/ipc.ts'],
  'desktop/main': ['shared', 'desktop/client', 'desktop/ipc.ts', 'desktop/words'],
  'desktop/main/local-backend/backend-process.ts': [
    'shared',
    'desktop/client',
    'desktop/ipc.ts',
    'desktop/main',
    'backend/main/embedded.ts',
    'backend/config.ts',
  ],
  'desktop/preload': ['shared', 'desktop/ipc.ts'],
  'desktop/renderer': ['shared', 'desktop/ipc.ts', 'desktop/words'],
};

/** Packages and modules of Node that only some parts may import; all others are free. */
const packagesOnlyFor: Readonly<Record<string, readonly string[]>> = {
  child_process: ['backend/converter/ffmpeg/run-ffmpeg.ts'],
  'fluent-ffmpeg': ['backend/converter/ffmpeg/run-ffmpeg.ts'],
  nodemailer: ['backend/adapters/smtp-mailer.ts'],
  axios: ['desktop/client', 'backend/http/remote-authentication.ts'],
  'tus-js-client': ['desktop/client'],
  ws: ['backend/gateway', 'desktop/client'],
  express: ['backend/http', 'backend/gateway', 'backend/auth'],
  sqlite: ['backend/adapters/embedded', 'desktop/main/list', 'desktop/main/notifications'],
  electron: ['desktop/main', 'desktop/preload'],
  'electron-store': ['desktop/main/settings'],
  react: ['desktop/renderer'],
  'react-dom': ['desktop/renderer'],
  // The environment is read in backend/config.ts and the entry points, by the name of the global.
  process: [],
};

/** What may import anything, and what only its like may import. */
const testing = [/\.(test|contract)\.ts$/, /^backend\/tests\//, /^desktop\/(e2e|tests)\//, /^build\//];

/**
 * Why a file may not import something, as a sentence; undefined when it may.
 * @param importer path of the importing file from the top of the repository, with slashes
 * @param specifier as it stands in the code
 */
export function refuseImport(importer: string, specifier: string): string | undefined {
  if (isTesting(importer)) return undefined;
  if (!specifier.startsWith('.')) return refusePackage(importer, specifier);
  const imported = posix.join(posix.dirname(importer), specifier);
  const part = partOf(importer);
  if (part === undefined) return `${importer} lies in no part that build/lint/import-table.ts knows.`;
  if (isTesting(imported)) return `${imported} is for tests: ${part} may not import it.`;
  if ([part, ...(partsMayImport[part] ?? [])].some((allowed) => liesIn(imported, allowed))) return undefined;
  return `${part} may not import ${imported}: see build/lint/import-table.ts.`;
}

function refusePackage(importer: string, specifier: string): string | undefined {
  const name = packageName(specifier);
  const parts = packagesOnlyFor[name];
  if (parts === undefined || parts.some((part) => liesIn(importer, part))) return undefined;
  const where = parts.length === 0 ? 'nowhere' : `only in ${parts.join(', ')}`;
  return `${name} is imported ${where}: see build/lint/import-table.ts.`;
}

/** `node:fs/promises` → `fs`, `@scope/name/part` → `@scope/name`. */
function packageName(specifier: string): string {
  const words = specifier.replace(/^node:/, '').split('/');
  return words.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function partOf(file: string): string | undefined {
  const fitting = Object.keys(partsMayImport).filter((part) => liesIn(file, part));
  return fitting.toSorted((one, other) => other.length - one.length)[0];
}

function liesIn(file: string, part: string): boolean {
  return file === part || file.startsWith(`${part}/`);
}

function isTesting(file: string): boolean {
  return testing.some((pattern) => pattern.test(file));
}
