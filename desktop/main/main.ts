import { homedir } from 'node:os';
import { join } from 'node:path';
import * as electron from 'electron';
import { runApp } from './app/run-app.ts';

/** Bundled, this file lies in `dist/main`. */
const dist = join(import.meta.dirname, '..');

runApp(electron, {
  argv: process.argv,
  folder: process.cwd(),
  platform: process.platform,
  home: homedir(),
  dist,
  ...given('pageUrl', process.env['SOUNDLIFT_PAGE_URL']),
  ...given('ffmpegPath', process.env['FFMPEG_PATH']),
}).catch((error: unknown) => {
  electron.dialog.showErrorBox('Soundlift', error instanceof Error ? error.message : String(error));
  electron.app.exit(1);
});

function given<Name extends string>(name: Name, value: string | undefined): { readonly [Key in Name]?: string } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { readonly [Key in Name]: string });
}
