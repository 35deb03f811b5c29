import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const allowed = [
  ['shared/api.ts', './errors.ts'],
  ['backend/ports/job-queue.ts', '../messages.ts'],
  ['backend/adapters/embedded/data-folder.ts', '../../../shared/errors.ts'],
  ['backend/adapters/embedded/data-folder.ts', 'node:sqlite'],
  ['backend/gateway/events/event-socket.ts', '../../http/app.ts'],
  ['backend/gateway/events/event-socket.ts', '../gateway.ts'],
  ['backend/gateway/gateway.ts', 'express'],
  ['backend/converter/ffmpeg/run-ffmpeg.ts', 'node:child_process'],
  ['backend/converter/ffmpeg/run-ffmpeg.ts', '../outputs/mp3/mp3-frames.ts'],
  ['backend/main/embedded.ts', '../adapters/embedded/embedded-stores.ts'],
  ['desktop/cli/soundlift.ts', '../../backend/main/embedded.ts'],
  ['desktop/cli/soundlift.ts', './convert-command.ts'],
  ['desktop/main/local-backend/backend-process.ts', '../../../backend/main/embedded.ts'],
  ['desktop/main/local-backend/backend-process.ts', './serve-channel.ts'],
  ['desktop/renderer/list/row.tsx', '../../../shared/api.ts'],
  ['desktop/client/backend.ts', 'node:fs/promises'],
  ['backend/ports/blob-store.contract.ts', '../tests/media/make-media.ts'],
  ['backend/tests/flow.test.ts', '../../desktop/client/backend.ts'],
] as const;

const refused = [
  ['shared/api.ts', '../backend/messages.ts'],
  ['backend/ports/clock.ts', '../conversions/lease.ts'],
  ['backend/ports/clock.ts', '../http/../conversions/lease.ts'],
  ['backend/config.ts', './messages.ts'],
  ['backend/config.ts', 'node:process'],
  ['backend/conversions/lease.ts', '../adapters/embedded/data-folder.ts'],
  ['backend/gateway/gateway.ts', '../auth/auth.ts'],
  ['backend/gateway/events/event-socket.ts', '../../auth/auth.ts'],
  ['backend/adapters/embedded/x.ts', '../cluster/y.ts'],
  ['backend/adapters/embedded/x.ts', 'express'],
  ['backend/converter/convert-file.ts', 'node:child_process'],
  ['desktop/cli/soundlift.ts', 'child_process'],
  ['desktop/cli/soundlift.ts', '../../backend/conversions/lease.ts'],
  ['desktop/cli/serve-command.ts', '../../backend/main/serve.ts'],
  ['desktop/main/window/app-window.ts', '../../../backend/main/embedded.ts'],
  ['desktop/main/local-backend/backend-process.ts', '../../renderer/main.tsx'],
  ['desktop/client/backend.ts', '../main/window.ts'],
  ['desktop/renderer/app.tsx', '../client/backend.ts'],
  ['backend/main/embedded.ts', '../tests/media/make-media.ts'],
  ['backend/http/app.ts', './app.test.ts'],
  ['backend/http/app.ts', 'node:sqlite'],
  ['backend/new-folder/new.ts', './other.ts'],
  ['backend/gateway/a/b/c/d/too-deep.ts', './other.ts'],
] as const;

const forms = [
  (file: string) => `import { readConfig } from '${file}';`,
  (file: string) => `import type { Config } from '${file}';`,
  (file: string) => `import '${file}';`,
  (file: string) => `export * from '${file}';`,
  (file: string) => `export { readConfig } from '${file}';`,
  (file: string) => `await import('${file}');`,
  (file: string) => `export type Config = import('${file}').Config;`,
];

/** A file per import: its folder's name is its number. */
const files = [...allowed, ...refused].map(([path, specifier]) => ({ path, text: `import '${specifier}';` }));
const formFiles = forms.map((form) => ({ path: 'shared/api.ts', text: form('../backend/config.ts') }));

let folder: string;
let complaints: ReadonlySet<number>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-lint-'));
  for (const [number, { path, text }] of [...files, ...formFiles].entries()) {
    const file = join(folder, String(number), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const oxlint = join(import.meta.dirname, '..', 'node_modules', 'oxlint', 'bin', 'oxlint');
  const config = join(import.meta.dirname, 'oxlint.config.ts');
  const { stdout } = spawnSync(process.execPath, [oxlint, `--config=${config}`, '--format=json', folder], {
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { code: string; filename: string }[] };
  complaints = new Set(
    diagnostics
      .filter(({ code }) => /no-restricted-imports|consistent-type-imports/.test(code))
      .map(({ filename }) => Number(/soundlift-lint-[^/]*\/(\d+)\//.exec(filename)?.[1])),
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

it.each(allowed.map(([path, specifier], number) => ({ path, specifier, number })))(
  '$path may import $specifier',
  ({ number }) => {
    expect(complaints).not.toContain(number);
  },
);

it.each(refused.map(([path, specifier], index) => ({ path, specifier, number: allowed.length + index })))(
  '$path may not import $specifier',
  ({ number }) => {
    expect(complaints).toContain(number);
  },
);

it.each(formFiles.map(({ text }, index) => ({ text, number: files.length + index })))(
  'the lint sees an import in the form of: $text',
  ({ number }) => {
    expect(complaints).toContain(number);
  },
);
