import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FuseV1Options } from '@electron/fuses';
import { expect, test } from '../fixtures.ts';
import { root } from '../launch-app.ts';

// The part of Electron's checklist (see security.spec.ts) that packaging decides.

test('16: the app runs on the exact Electron version that is pinned, which is no preview', async ({ launch }) => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  expect(devDependencies['electron']).toMatch(/^\d+\.\d+\.\d+$/);
  const app = await launch();
  expect(await app.evaluate(() => process.versions.electron)).toBe(devDependencies['electron']);
});

test('19: electron-builder.yml sets every fuse', async () => {
  // build/app/package.test.ts checks that the package has them.
  const config = await readFile(join(root, 'electron-builder.yml'), 'utf8');
  const [, block = ''] = /^electronFuses:\n((?: {2}.*\n)+)/m.exec(config) ?? [];
  const decided = Object.fromEntries(
    [...block.matchAll(/^ {2}(\w+): (true|false)$/gm)].map(([, name = '', value]) => [name, value === 'true']),
  );
  // Electron Builder does not know the newest fuse, which only affects speed. It keeps Electron's default.
  const all = Object.keys(FuseV1Options).filter((name) => !/^\d/.test(name) && name !== 'WasmTrapHandlers');
  expect(Object.keys(decided).toSorted()).toEqual(all.map((name) => name[0]?.toLowerCase() + name.slice(1)).toSorted());
  expect(decided).toMatchObject({
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
  });
});
