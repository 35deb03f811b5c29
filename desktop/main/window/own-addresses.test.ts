import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { isOwnAddress } from './own-addresses.ts';

const pageFolder = join(import.meta.dirname, 'A folder #1 (ü)', 'renderer');
const page = pathToFileURL(join(pageFolder, 'index.html')).href;
const at = (...names: readonly string[]): string => pathToFileURL(join(pageFolder, ...names)).href;

it.each([
  page,
  `${page}?system=linux#row`,
  at('assets', 'index.js'),
  at('..renamed', 'x.js'),
  'soundlift-sound://row/7d20',
  'data:image/svg+xml,%3Csvg/%3E',
  'about:blank',
])('content of the page is loaded: %s', (url) => {
  expect(isOwnAddress(url, { pageFolder })).toBe(true);
});

it.each([
  '',
  'no address',
  'file:///etc/passwd',
  at(),
  at('..', 'main', 'main.js'),
  at('..', 'renderer-2', 'index.html'),
  `${pathToFileURL(pageFolder).href}/%2e%2e/main/main.js`,
  `${pathToFileURL(pageFolder).href}/..%2fmain/main.js`,
  page.replace('file:///', 'file://elsewhere/'),
  'https://example.org/index.html',
  'ws://127.0.0.1:5173/',
  'ftp://example.org/a',
  'soundlift://b/7d20',
])('other content is not loaded: %s', (url) => {
  expect(isOwnAddress(url, { pageFolder })).toBe(false);
});

it('during development, the development server is allowed, and no other', () => {
  const devServer = 'http://127.0.0.1:5173/';
  const may = (url: string): boolean => isOwnAddress(url, { pageFolder, devServer });
  expect([may('http://127.0.0.1:5173/app.tsx'), may('ws://127.0.0.1:5173/?token=1')]).toEqual([true, true]);
  expect([may('http://127.0.0.1:5174/'), may('http://localhost:5173/'), may('https://example.org/')]).toEqual([
    false,
    false,
    false,
  ]);
});
