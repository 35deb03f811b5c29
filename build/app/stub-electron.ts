import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `@electron/fuses` searches a binary for this mark. */
const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const fuseWire = '101110111';

/**
 * Makes a folder that electron-builder accepts as an unpacked Electron: the stand-in's executable, with Electron's default fuses.
 */
export async function makeStubElectron(standIn: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const executable = join(folder, 'electron');
  await copyFile(standIn, executable);
  const wire = Buffer.concat([Buffer.from([1, fuseWire.length]), Buffer.from(fuseWire)]);
  const script = await readFile(executable);
  const comment = Buffer.concat([Buffer.from(`\n// ${fuseSentinel}`), wire, Buffer.from('\n')]);
  await writeFile(executable, Buffer.concat([script, comment]));
}
