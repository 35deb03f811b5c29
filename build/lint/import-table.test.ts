import { describe, expect, it } from 'vitest';
import { refuseImport } from './import-table.ts';

describe('an import is allowed', () => {
  it.each([
    ['shared/api.ts', './errors.ts'],
    ['backend/ports/job-queue.ts', '../messages.ts'],
    ['backend/adapters/embedded/file-blob-store.ts', '../../../shared/errors.ts'],
    ['backend/adapters/embedded/data-folder.ts', 'node:sqlite'],
    ['backend/gateway/gateway.ts', '../http/app.ts'],
    ['backend/gateway/gateway.ts', 'express'],
    ['backend/converter/ffmpeg/run-ffmpeg.ts', 'node:child_process'],
    ['backend/converter/ffmpeg/run-ffmpeg.ts', 'fluent-ffmpeg'],
    ['backend/main/embedded.ts', '../adapters/embedded/embedded-stores.ts'],
    ['backend/main/embedded.ts', '../../shared/errors.ts'],
    ['desktop/cli/soundlift.ts', '../../backend/main/embedded.ts'],
    ['desktop/cli/soundlift.ts', './convert-command.ts'],
    ['desktop/main/local-backend/backend-process.ts', '../../../backend/main/embedded.ts'],
    ['desktop/renderer/conversions/row.tsx', '../../../shared/api.ts'],
    ['desktop/client/backend.ts', 'node:fs/promises'],
    ['backend/converter/ffmpeg/run-ffmpeg.test.ts', 'node:child_process'],
    ['backend/ports/blob-store.contract.ts', '../tests/media/make-media.ts'],
    ['backend/tests/flow.test.ts', '../../desktop/client/backend.ts'],
    ['build/bench/bench.ts', '../../backend/main/embedded.ts'],
  ])('from %s: %s', (importer, specifier) => {
    expect(refuseImport(importer, specifier)).toBeUndefined();
  });
});

describe('an import is refused', () => {
  it.each([
    ['shared/api.ts', '../backend/messages.ts', 'shared may not import backend/messages.ts'],
    ['backend/ports/clock.ts', '../conversions/lease.ts', 'backend/ports may not import'],
    ['backend/ports/clock.ts', '../config.ts', 'backend/ports may not import backend/config.ts'],
    ['backend/conversions/lease.ts', '../adapters/embedded/data-folder.ts', 'backend/conversions may not import'],
    ['backend/gateway/gateway.ts', '../auth/auth.ts', 'backend/gateway may not import backend/auth/auth.ts'],
    ['backend/adapters/embedded/x.ts', '../cluster/y.ts', 'backend/adapters/embedded may not import'],
    ['backend/adapters/embedded/x.ts', 'express', 'express is imported only in backend/http'],
    ['backend/converter/convert-file.ts', 'node:child_process', 'child_process is imported only in backend/converter/'],
    ['desktop/cli/soundlift.ts', 'child_process', 'child_process is imported only in'],
    ['desktop/cli/serve-command.ts', '../../backend/main/serve.ts', 'desktop/cli may not import backend/main/serve.ts'],
    ['desktop/cli/soundlift.ts', '../../backend/conversions/lease.ts', 'desktop/cli/soundlift.ts may not import'],
    ['desktop/main/window.ts', '../../backend/main/embedded.ts', 'desktop/main may not import'],
    ['desktop/client/backend.ts', '../main/window.ts', 'desktop/client may not import'],
    ['desktop/renderer/app.tsx', '../client/backend.ts', 'desktop/renderer may not import'],
    ['backend/main/embedded.ts', '../tests/media/make-media.ts', 'backend/tests/media/make-media.ts is for tests'],
    ['backend/http/app.ts', './app.test.ts', 'backend/http/app.test.ts is for tests'],
    ['backend/config.ts', 'node:process', 'process is imported nowhere'],
    ['backend/somewhere/new.ts', './other.ts', 'lies in no part'],
    ['shared-things/api.ts', '../shared/api.ts', 'lies in no part'],
  ])('from %s: %s', (importer, specifier, sentence) => {
    expect(refuseImport(importer, specifier)).toContain(sentence);
  });
});
