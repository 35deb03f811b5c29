import { rmSync } from 'node:fs';
import { strict } from '../strict.ts';

/** Nothing is opened or shown. */
export const shell = strict('shell', {
  showItemInFolder: (_path: string) => {},
  openPath: async (_path: string) => '',
  openExternal: async (_url: string) => {},
  trashItem: async (path: string) => rmSync(path),
  beep: () => {},
});
