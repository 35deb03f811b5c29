import { defineConfig } from 'vitest/config';
import everyday from './vitest.config.ts';

const hours = 3_600_000;

export default defineConfig({
  ...everyday,
  test: {
    ...everyday.test,
    include: ['{shared,backend,desktop,build}/**/*.long.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 12 * hours,
    hookTimeout: 1 * hours,
  },
});
