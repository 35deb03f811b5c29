import { join } from 'node:path';
import { describeCutUploads } from './cut-uploads.ts';
import { tusClientOf } from './tus-client.ts';

describeCutUploads('tus-js-client', async () =>
  tusClientOf(process.execPath, [join(import.meta.dirname, 'upload-with-tus-js-client.ts')]),
);
