import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractAll } from '@electron/asar';

/** Node cannot read an app.asar, so we unpack it into a folder that is removed when this process ends. */
export function unpackArchive(archive: string): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'standin-asar-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  extractAll(archive, folder);
  return folder;
}
