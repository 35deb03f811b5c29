import { defineConfig } from '@playwright/test';
import type { ServerOption } from '../desktop/e2e/server-option.ts';
import everyday from './playwright.config.ts';

export default defineConfig<ServerOption>({
  ...everyday,
  testIgnore: '**/take-shots.spec.ts',
  projects: [
    { name: 'app', testMatch: '**/*.long.spec.ts' },
    { name: 'app on a cluster', grep: /@server/, use: { server: 'cluster' } },
  ],
});
