import { posix } from 'node:path';
import { type DummyRuleMap, defineConfig } from 'oxlint';

/** What every service of the backend may import. No service imports another. */
const service = [
  'shared',
  'backend/client-limits.ts',
  'backend/messages.ts',
  'backend/ports',
  'backend/conversions',
  'backend/http',
];

/** What both sets of adapters may import, with the pieces that they share. */
const adapter = [
  'shared',
  'backend/messages.ts',
  'backend/ports',
  'backend/adapters/job-worker.ts',
  'backend/adapters/subscribers.ts',
  'backend/adapters/stored-rows',
  'backend/adapters/interruptible.ts',
  'backend/adapters/system-error.ts',
];

/**
 * Which of our own files a part, a folder or a file, may import besides its own. A folder stands for everything below it; a file belongs to
 * the part with the longest name that fits.
 */
const partsMayImport: Readonly<Record<string, readonly string[]>> = {
  shared: [],

  'backend/config.ts': ['shared', 'backend/well-known-secrets.ts'],
  'backend/well-known-secrets.ts': [],
  'backend/client-limits.ts': ['backend/ports'],
  'backend/messages.ts': ['shared'],
  'backend/ports': ['shared', 'backend/messages.ts'],
  'backend/adapters/embedded': adapter,
  'backend/adapters/cluster': [...adapter, 'backend/well-known-secrets.ts'],
  'backend/adapters/smtp-mailer.ts': ['shared', 'backend/ports'],
  'backend/adapters/job-worker.ts': ['backend/ports'],
  'backend/adapters/subscribers.ts': [],
  'backend/adapters/stored-rows': ['shared', 'backend/ports'],
  'backend/adapters/interruptible.ts': ['shared'],
  'backend/adapters/system-error.ts': ['shared'],
  'backend/conversions': ['shared', 'backend/messages.ts', 'backend/ports'],
  'backend/http': ['shared', 'backend/client-limits.ts', 'backend/messages.ts', 'backend/ports'],
  'backend/gateway': [...service, 'backend/config.ts'],
  'backend/auth': [...service, 'backend/config.ts'],
  'backend/converter': service,
  'backend/notifier': service,
  'backend/main': ['shared', 'backend'],

  'desktop/ipc': ['shared'],
  'desktop/ipc.ts': ['desktop/ipc'],
  'desktop/client': ['shared'],
  'desktop/cli': ['shared', 'desktop/client'],
  // An entry point: it starts the parts of the backend that a command needs.
  'desktop/cli/command-line.ts': ['shared', 'desktop/client', 'desktop/cli', 'backend/main', 'backend/config.ts'],
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

/** Packages and modules of Node that only these folders and files may import. All others are free. */
const packagesOnlyFor: Readonly<Record<string, readonly string[]>> = {
  child_process: ['backend/converter/ffmpeg/run-ffmpeg.ts'],
  'fluent-ffmpeg': ['backend/converter/ffmpeg/run-ffmpeg.ts'],
  nodemailer: ['backend/adapters/smtp-mailer.ts'],
  mysql2: ['backend/adapters/cluster'],
  amqplib: ['backend/adapters/cluster'],
  axios: ['desktop/client', 'backend/http/auth-connection.ts'],
  'tus-js-client': ['desktop/client'],
  ws: ['backend/gateway', 'desktop/client'],
  express: ['backend/http', 'backend/gateway', 'backend/auth'],
  sqlite: ['backend/adapters/embedded', 'desktop/main/list', 'desktop/main/storage'],
  electron: ['desktop/main', 'desktop/preload'],
  'electron-store': ['desktop/main/settings'],
  react: ['desktop/renderer'],
  'react-dom': ['desktop/renderer'],
  // backend/config.ts and the entry points read the environment, through the global of this name.
  process: [],
};

// Paths are relative to this folder, so a pattern for files elsewhere begins with `**/`.
const tests = ['**/*.test.ts', '**/*.contract.ts', '**/backend/tests/**', '**/desktop/{e2e,tests}/**'];
const build = ['*.config.ts', '*.mjs', '{app,bench,check,cluster,icons,set-up,shots,test}/**'];

/** How many folders deep a part may be. The rule sees what an import says, such as `../../shared/api.ts`, and not the file it means. */
const depths = [0, 1, 2, 3];

const shortestFirst = (names: readonly string[]) => names.toSorted((one, other) => one.length - other.length);
const partNames = shortestFirst(Object.keys(partsMayImport));
const liesIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
const isFile = (path: string): boolean => /\.tsx?$/.test(path);
const patternFrom = (folder: string, target: string): string => {
  const path = posix.relative(folder, target) || '.';
  return `${path.startsWith('.') ? path : `./${path}`}${isFile(target) ? '' : '/**'}`;
};

/** The rule for the files in one folder, or for one file. */
function importsOf(place: string, folder: string): DummyRuleMap {
  const part = partNames.findLast((name) => liesIn(place, name)) ?? place;
  const targets = partsMayImport[part] ?? [];
  // An entry point may import its own folder.
  const home = targets.find((target) => liesIn(part, target)) ?? part;
  const outside = isFile(home) ? ['./**', '../**'] : [patternFrom(folder, posix.dirname(home))];
  const allowed = targets.filter((target) => target !== home).map((target) => `!${patternFrom(folder, target)}`);
  const packages = Object.keys(packagesOnlyFor).filter(
    (name) => !packagesOnlyFor[name]?.some((allowedPlace) => liesIn(place, allowedPlace)),
  );
  const message = `${part} may not import this: see build/oxlint.config.ts.`;
  const patterns = [
    { group: [...outside, ...allowed, '*.test.ts', '*.contract.ts', '**/tests/**'], message },
    { regex: `^(node:)?(${packages.join('|')})(/|$)`, message },
    // A detour such as ../http/../auth/auth.ts.
    { regex: '[^.]/[.]', message: 'Write the shortest path.' },
  ];
  return { 'eslint/no-restricted-imports': ['error', { patterns }] };
}

// The last override that fits a file counts, and a folder's name is shorter than those in it.
const places = [...new Set([...Object.keys(partsMayImport), ...Object.values(packagesOnlyFor).flat()])];
const importOverrides = shortestFirst(places).flatMap((place) =>
  isFile(place)
    ? [{ files: [`**/${place}`], rules: importsOf(place, posix.dirname(place)) }]
    : depths.map((depth) => ({
        files: [`**/${place}/${'*/'.repeat(depth)}*`],
        rules: importsOf(place, `${place}${'/deeper'.repeat(depth)}`),
      })),
);

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  rules: {
    'eslint/no-restricted-imports': [
      'error',
      { patterns: [{ regex: '', message: 'This file lies in no part that build/oxlint.config.ts knows.' }] },
    ],
    // The rule above does not see a type that is written as import('../file.ts').Name.
    'typescript/consistent-type-imports': 'error',

    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'eslint/eqeqeq': 'error',
    'eslint/max-lines-per-function': ['error', { max: 120, skipBlankLines: false, skipComments: false }],
    'eslint/no-console': 'error',
    'eslint/preserve-caught-error': 'error',
    'node/no-process-env': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/use-unknown-in-catch-callback-variable': 'error',

    // Our ports are closures in plain objects: their functions have no `this` to lose.
    'typescript/unbound-method': 'off',
    // We write `const row: Row = JSON.parse(text)` for text that we wrote ourselves.
    'typescript/no-unsafe-assignment': 'off',
    // We walk `[...list]` where the list changes meanwhile.
    'unicorn/no-useless-spread': 'off',
    // Taste, and too many false alarms.
    'promise/no-callback-in-promise': 'off',
    'typescript/no-meaningless-void-operator': 'off',
    'typescript/restrict-template-expressions': 'off',
    // Our tests give a value a message, assert in functions of their own and in branches of tables, and sometimes accept any error.
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
    'vitest/valid-expect': 'off',
    'vitest/valid-title': 'off',
  },
  overrides: [
    ...importOverrides,
    {
      files: [
        '**/backend/config.ts',
        '**/backend/main/*.ts',
        '**/desktop/cli/command-line.ts',
        '**/desktop/main/main.ts',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    {
      files: [...tests, ...build],
      rules: { 'eslint/no-restricted-imports': 'off', 'typescript/consistent-type-imports': 'off' },
    },
    {
      files: ['*.mjs', 'playwright*.config.ts', '{app,bench,check,cluster,set-up,test}/**', ...tests],
      rules: {
        'eslint/max-lines-per-function': 'off',
        'eslint/no-console': 'off',
        'node/no-process-env': 'off',
        'typescript/no-base-to-string': 'off',
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
    {
      files: ['*.config.ts', '**/desktop/e2e/standin/electron.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
});
