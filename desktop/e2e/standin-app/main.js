// A small app for testing the stand-in.
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { app, BrowserWindow, ipcMain, Menu, protocol } from 'electron';

const scheme = 'stand-in-sound';
const kept = { ranges: /** @type {string[]} */ ([]), opened: 0 };
Object.assign(globalThis, { kept });

protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, stream: true } }]);
ipcMain.handle('echo', (_event, value) => value);
ipcMain.handle('fail', () => {
  throw new RangeError('out of it');
});
app.on('window-all-closed', () => {});

/** @param {Request} request */
async function answerSound({ url, headers }) {
  const path = app.commandLine.getSwitchValue('sound');
  const { size } = statSync(path);
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '') ?? [];
  kept.ranges.push(`${url} ${first}-${last}`);
  const start = Number(first);
  const end = last === '' ? size - 1 : Number(last);
  const file = await open(path);
  const sound = file.createReadStream({ start, end });
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reading.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void sound.destroy(),
  });
  const reading = sound[Symbol.asyncIterator]();
  return new Response(body, {
    status: 206,
    headers: {
      'content-type': 'audio/mpeg',
      'accept-ranges': 'bytes',
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${size}`,
    },
  });
}

void app.whenReady().then(async () => {
  protocol.handle(scheme, answerSound);
  const click = () => {
    kept.opened += 1;
  };
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([{ label: 'File', submenu: [{ label: 'Open', accelerator: 'CmdOrCtrl+O', click }] }]),
  );
  const window = new BrowserWindow({
    width: 500,
    height: 400,
    webPreferences: { preload: join(import.meta.dirname, 'preload.cjs') },
  });
  await window.loadFile(join(import.meta.dirname, 'index.html'));
});
