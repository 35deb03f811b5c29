import { defineConfig } from '@playwright/test';
import everyday from './playwright.config.ts';

export default defineConfig({ ...everyday, testMatch: '**/*.long.spec.ts', testIgnore: [] });
