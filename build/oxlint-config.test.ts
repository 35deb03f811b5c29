import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const allowed = [
  ['shared/api.ts', './errors.ts'],
  ['backend/adapters/embedded/data-folder.ts', 'node:sqlite'],
  ['backend/gateway/events/event-socket.ts', '../../http/app.ts'],
  ['backend/gateway/events/event-socket.ts', '../gateway.ts'],
  ['backend/gateway/gateway.ts', 'express'],
  ['backend/converter/ffmpeg/run-ffmpeg.ts', 'node:child_process'],
  ['backend/converter/ffmpeg/run-ffmpeg.ts', '../outputs/mp3/mp3-frames.ts'],
  ['backend/main/embedded.ts', '../adapters/embedded/embedded-stores.ts'],
  ['desktop/cli/command-line.ts', './convert-command.ts'],
  ['desktop/main/local-backend/backend-process.ts', '../../../backend/main/embedded.ts'],
  ['desktop/main/local-backend/backend-process.ts', './serve-channel.ts'],
  ['desktop/renderer/list/row.tsx', '../../../shared/api.ts'],
  ['backend/ports/blob-store.contract.ts', '../tests/media/make-media.ts'],
  ['backend/tests/flow.test.ts', '../../desktop/client/backend.ts'],
] as const;

const refused = [
  ['shared/api.ts', '../backend/messages.ts'],
  ['backend/ports/clock.ts', '../http/../conversions/lease.ts'],
  ['backend/config.ts', './messages.ts'],
  ['backend/config.ts', 'node:process'],
  ['backend/gateway/gateway.ts', '../auth/auth.ts'],
  ['backend/gateway/events/event-socket.ts', '../../auth/auth.ts'],
  ['backend/adapters/embedded/x.ts', '../cluster/y.ts'],
  ['backend/adapters/embedded/x.ts', 'express'],
  ['backend/converter/convert-file.ts', 'node:child_process'],
  ['desktop/cli/command-line.ts', '../../backend/conversions/lease.ts'],
  ['desktop/cli/serve-command.ts', '../../backend/main/serve.ts'],
  ['desktop/main/window/app-window.ts', '../../../backend/main/embedded.ts'],
  ['desktop/main/local-backend/backend-process.ts', '../../renderer/main.tsx'],
  ['desktop/renderer/app.tsx', '../client/backend.ts'],
  ['backend/main/embedded.ts', '../tests/media/make-media.ts'],
  ['backend/http/app.ts', './app.test.ts'],
  ['backend/new-folder/new.ts', './other.ts'],
  ['backend/gateway/a/b/c/d/too-deep.ts', './other.ts'],
] as const;

const forbidden = '../backend/config.ts';
const forms = [
  `import { readConfig } from '${forbidden}';`,
  `import type { Config } from '${forbidden}';`,
  `export * from '${forbidden}';`,
  `export { readConfig } from '${forbidden}';`,
  `await import('${forbidden}');`,
  `export type Config = import('${forbidden}').Config;`,
];

/** Lints files, each in a tree of its own. @returns for each whether the lint refused an import */
async function lint(files: readonly { readonly path: string; readonly text: string }[]): Promise<readonly boolean[]> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-lint-'));
  try {
    for (const [number, { path, text }] of files.entries()) {
      await mkdir(dirname(join(folder, String(number), path)), { recursive: true });
      await writeFile(join(folder, String(number), path), text);
    }
    const oxlint = join(import.meta.dirname, '..', 'node_modules', 'oxlint', 'bin', 'oxlint');
    const config = `--config=${join(import.meta.dirname, 'oxlint.config.ts')}`;
    const { stdout } = spawnSync(process.execPath, [oxlint, config, '--format=json', folder], { encoding: 'utf8' });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { code: string; filename: string }[] };
    const complaints = diagnostics.filter(({ code }) => /no-restricted-imports|consistent-type-imports/.test(code));
    return files.map((_file, number) => complaints.some(({ filename }) => filename.includes(`/${number}/`)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('allows and refuses imports as the table says', async () => {
  const imports = [...allowed, ...refused];
  const found = await lint(imports.map(([path, specifier]) => ({ path, text: `import '${specifier}';` })));
  expect(imports.filter((_import, index) => found[index])).toEqual(refused);
});

it('sees an import in each of its forms', async () => {
  const found = await lint(forms.map((text) => ({ path: 'shared/api.ts', text })));
  expect(forms.filter((_form, index) => found[index])).toEqual(forms);
});
