import type { ClipboardItem } from 'electron';
import { expect, it } from 'vitest';
import type { System } from '../../ipc.ts';
import { clipboardFiles, systemFormat } from './clipboard-files.ts';

/** A clipboard that stores what is written, as Electron's does. */
function boardWith(content: Readonly<Record<string, Buffer | string>>) {
  class Item {
    readonly types: string[];
    readonly #payloads: Record<string, Blob>;
    constructor(payloads: Record<string, Blob>) {
      this.types = Object.keys(payloads);
      this.#payloads = payloads;
    }
    async getType(type: string): Promise<Blob> {
      const payload = this.#payloads[type];
      if (payload === undefined) throw new Error(`there is no ${type}`);
      return payload;
    }
  }
  const blobs = Object.entries(content).map(([type, data]) => [type, new Blob([new Uint8Array(Buffer.from(data))])]);
  let items = [new Item(Object.fromEntries(blobs) as Record<string, Blob>)];
  const parts = {
    clipboard: {
      read: async () => items as unknown as ClipboardItem[],
      async write(data: ClipboardItem[]) {
        items = data as unknown as Item[];
      },
    },
    ClipboardItem: Item as unknown as new (payloads: Record<string, Blob>) => ClipboardItem,
  };
  return { parts, items: () => items };
}

const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');

it.each<[System, string, Buffer | string, readonly string[]]>([
  ['linux', 'text/uri-list', '# comment\r\nfile:///videos/a%20b.mp4\r\nhttps://example.org/x\r\n', ['/videos/a b.mp4']],
  ['linux', 'x-special/gnome-copied-files', 'copy\nfile:///a.mp4\nfile:///b.mp4', ['/a.mp4', '/b.mp4']],
  ['linux', 'text/uri-list', 'file://elsewhere/a.mp4', []],
  ['macos', 'public.file-url', 'file:///a.mp4', ['/a.mp4']],
  [
    'macos',
    'NSFilenamesPboardType',
    '<array><string>/a &amp; b.mp4</string><string>/c.mp4</string></array>',
    ['/a & b.mp4', '/c.mp4'],
  ],
  ['windows', 'FileNameW', wide('C:\\a.mp4\0'), ['C:\\a.mp4']],
  ['linux', 'text/plain', '/a.mp4', []],
])('files on the clipboard of %s in the format %s are found', async (system, format, data, paths) => {
  const { parts } = boardWith({ [systemFormat(format)]: data });
  expect(await clipboardFiles(parts, system).read()).toEqual(paths);
});

it.each<[System, string, Buffer]>([
  ['linux', 'text/uri-list', Buffer.from('file:///a%20b.mp3\r\n')],
  ['macos', 'public.file-url', Buffer.from('file:///a%20b.mp3')],
  ['windows', 'FileNameW', wide('/a b.mp3\0')],
])('on %s, a file is written in the format %s', async (system, format, bytes) => {
  const { parts, items } = boardWith({});
  await clipboardFiles(parts, system).write('/a b.mp3');
  const payload = await items()[0]?.getType(systemFormat(format));
  expect(Buffer.from((await payload?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
});
