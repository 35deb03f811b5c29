import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FuseV1Options } from '@electron/fuses';
import { expect, test } from '../fixtures.ts';
import { root } from '../launch-app.ts';

// Of Electron's checklist (see security.spec.ts) what is decided where the app is packaged.

test('16: the Electron that runs is the one that is asked for, to the digit, and no trial of one', async ({
  launch,
}) => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  expect(devDependencies['electron']).toMatch(/^\d+\.\d+\.\d+$/);
  const app = await launch();
  expect(await app.evaluate(() => process.versions.electron)).toBe(devDependencies['electron']);
});

test('19: whoever packages the app decides about every fuse that there is', async () => {
  // That the package carries them: build/app/package.test.ts.
  const config = await readFile(join(root, 'electron-builder.yml'), 'utf8');
  const [, block = ''] = /^electronFuses:\n((?: {2}.*\n)+)/m.exec(config) ?? [];
  const decided = Object.fromEntries(
    [...block.matchAll(/^ {2}(\w+): (true|false)$/gm)].map(([, name = '', value]) => [name, value === 'true']),
  );
  // Electron Builder knows nothing of the newest, which is about speed: it stays as Electron has it.
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
