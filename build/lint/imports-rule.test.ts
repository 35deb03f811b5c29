import { join } from 'node:path';
import { RuleTester } from 'oxlint/plugins-dev';
import { describe, it } from 'vitest';
import { importsRule } from './imports-rule.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const root = join(import.meta.dirname, '..', '..');
const inShared = { filename: join(root, 'shared', 'api.ts') };
const refused = { ...inShared, errors: [{ message: /^shared may not import backend\/config\.ts/ }] };

new RuleTester({ cwd: root, languageOptions: { sourceType: 'module' } }).run('imports', importsRule, {
  valid: [
    { ...inShared, code: "import { AppError } from './errors.ts';" },
    { ...inShared, code: "export * from './errors.ts'; export const name = '../backend/config.ts';" },
    { ...inShared, code: "import { z } from 'zod';" },
    { ...inShared, code: 'await import(name);' },
  ],
  invalid: [
    { ...refused, code: "import { readConfig } from '../backend/config.ts';" },
    { ...refused, code: "import type { Config } from '../backend/config.ts';" },
    { ...refused, code: "import '../backend/config.ts';" },
    { ...refused, code: "export { readConfig } from '../backend/config.ts';" },
    { ...refused, code: "export * from '../backend/config.ts';" },
    { ...refused, code: "await import('../backend/config.ts');" },
    { ...refused, code: "type Config = import('../backend/config.ts').Config;" },
  ],
});
