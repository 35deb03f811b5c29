import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Electron has each folder on Linux. */
export function defaultPath(name: string, appName: string): string | undefined {
  const home = homedir();
  const config = process.env['XDG_CONFIG_HOME'] || join(home, '.config');
  const ours = join(config, appName);
  const paths: Readonly<Record<string, string>> = {
    home,
    appData: config,
    userData: ours,
    sessionData: ours,
    temp: tmpdir(),
    exe: process.execPath,
    module: process.execPath,
    desktop: join(home, 'Desktop'),
    documents: join(home, 'Documents'),
    downloads: join(home, 'Downloads'),
    music: join(home, 'Music'),
    pictures: join(home, 'Pictures'),
    videos: join(home, 'Videos'),
    logs: join(ours, 'logs'),
    crashDumps: join(ours, 'Crashpad'),
  };
  return paths[name];
}
