import { defineConfig } from '@playwright/test';

export default defineConfig({ testDir: import.meta.dirname, testMatch: 'shots.spec.ts', workers: 2, reporter: 'line' });
