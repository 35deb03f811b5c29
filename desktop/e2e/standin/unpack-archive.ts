import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractAll } from '@electron/asar';

/** Node cannot read inside of an app.asar: it is unpacked into a folder that goes with this process. */
export function unpackArchive(archive: string): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'standin-asar-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  extractAll(archive, folder);
  return folder;
}
