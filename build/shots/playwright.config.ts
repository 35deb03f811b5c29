import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: join(import.meta.dirname, '..', '..', 'desktop', 'e2e', 'scenes'),
  testMatch: 'take-shots.spec.ts',
  outputDir: join(import.meta.dirname, '..', '..', 'test-results'),
  workers: 2,
  reporter: 'line',
});
