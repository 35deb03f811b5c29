import { join } from 'node:path';

/** A program from node_modules and its arguments. Node runs it directly, without a shell or `.cmd` files. */
export interface Tool {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

const modules = join(import.meta.dirname, '..', '..', 'node_modules');

/** What a change must pass before its tests run. */
export const checks: readonly Tool[] = [
  { name: 'types', script: join(modules, 'typescript', 'bin', 'tsc'), args: ['--project', '.'] },
  {
    name: 'types of the renderer',
    script: join(modules, 'typescript', 'bin', 'tsc'),
    args: ['--project', 'desktop/renderer'],
  },
  {
    name: 'types of the end-to-end tests',
    script: join(modules, 'typescript', 'bin', 'tsc'),
    args: ['--project', 'desktop/e2e'],
  },
  {
    name: 'lint',
    script: join(modules, 'oxlint', 'bin', 'oxlint'),
    args: ['--config=build/oxlint.config.ts', '--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
  },
  {
    name: 'format',
    script: join(modules, '@biomejs', 'biome', 'bin', 'biome'),
    args: ['check', '--config-path=build', '--error-on-warnings', '.'],
  },
  {
    name: 'unused',
    script: join(modules, 'knip', 'bin', 'knip.js'),
    args: ['--config=build/knip.jsonc', '--no-progress', '--treat-config-hints-as-errors'],
  },
];

/** Fixes the format and the order of imports. */
export const formatter: Tool = {
  name: 'format',
  script: join(modules, '@biomejs', 'biome', 'bin', 'biome'),
  args: ['check', '--write', '--config-path=build', '.'],
};
