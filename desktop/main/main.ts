import { join } from 'node:path';
import { app, BrowserWindow } from 'electron';

await app.whenReady();
const window = new BrowserWindow({
  width: 920,
  height: 640,
  show: false,
  webPreferences: { preload: join(import.meta.dirname, '..', 'preload', 'preload.cjs') },
});
window.once('ready-to-show', () => window.show());
await window.loadFile(join(import.meta.dirname, '..', 'renderer', 'index.html'));
