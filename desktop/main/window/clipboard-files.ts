import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Clipboard, ClipboardItem } from 'electron';
import type { System } from '../../ipc.ts';

/** Files on the system's clipboard. */
export interface ClipboardFiles {
  /** Absolute paths. */
  read(): Promise<readonly string[]>;
  /** Puts one file on the clipboard, to be pasted into a folder or a message. */
  write(file: string): Promise<void>;
}

export interface ClipboardParts {
  readonly clipboard: Pick<Clipboard, 'read' | 'write'>;
  readonly ClipboardItem: new (items: Record<string, Blob>) => ClipboardItem;
}

/** The clipboard formats for files on each system, the best first, and the one that is written. */
const formats: Readonly<Record<System, readonly [string, ...string[]]>> = {
  macos: ['public.file-url', 'NSFilenamesPboardType'],
  windows: ['FileNameW'],
  linux: ['text/uri-list', 'x-special/gnome-copied-files'],
};

/** Electron's name for a format of the system that the web does not have. */
export function systemFormat(format: string): string {
  return `electron application/osclipboard;format="${format}"`;
}

export function clipboardFiles({ clipboard, ClipboardItem: Item }: ClipboardParts, system: System): ClipboardFiles {
  return {
    async read() {
      const items = await clipboard.read();
      for (const format of formats[system]) {
        const found: string[] = [];
        for (const item of items) {
          const type = item.types.find((each) => each === format || each === systemFormat(format));
          if (type === undefined) continue;
          const payload = await item.getType(type);
          if (payload instanceof Blob) found.push(...pathsIn(format, Buffer.from(await payload.arrayBuffer())));
        }
        if (found.length > 0) return found;
      }
      return [];
    },
    async write(file) {
      const [format] = formats[system];
      await clipboard.write([new Item({ [systemFormat(format)]: new Blob([bytesOf(format, file)]) })]);
    },
  };
}

function pathsIn(format: string, bytes: Buffer): readonly string[] {
  switch (format) {
    case 'FileNameW':
      // UTF-16, terminated by a zero.
      return bytes
        .toString('utf16le')
        .split('\0')
        .filter((path) => path !== '')
        .slice(0, 1);
    case 'NSFilenamesPboardType':
      return readPropertyList(bytes.toString('utf8'));
    default:
      return readUris(bytes.toString('utf8'));
  }
}

function bytesOf(format: string, file: string): Buffer<ArrayBuffer> {
  if (format === 'FileNameW') return Buffer.from(`${file}\0`, 'utf16le');
  const { href } = pathToFileURL(file);
  return Buffer.from(format === 'text/uri-list' ? `${href}\r\n` : href);
}

/** The paths of the file URLs among the lines. Other lines are comments, words such as `copy`, or other URLs. */
function readUris(text: string): readonly string[] {
  return text.split(/[\r\n\0]+/).flatMap((line) => {
    if (!line.startsWith('file://')) return [];
    try {
      return [fileURLToPath(line)];
    } catch {
      return [];
    }
  });
}

/** The strings of a property list in XML. */
function readPropertyList(xml: string): readonly string[] {
  return [...xml.matchAll(/<string>([^<]*)<\/string>/g)].map(([, text = '']) =>
    text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
}
