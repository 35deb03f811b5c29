import { open } from 'node:fs/promises';
import path from 'node:path';

/**
 * The extensions of the files in a folder that are converted. `.mp3` is not one of them: such a file needs no conversion, and a
 * second run over a folder would convert the results of the first.
 */
const mediaExtensions: ReadonlySet<string> = new Set(
  // Video.
  (
    '3g2 3gp asf avi divx dv f4v flv m2t m2ts m4v mkv mov mp4 mpe mpeg mpg mts mxf nut ogm ogv rm rmvb ts vob webm wmv ' +
    // Audio only.
    'aac ac3 aif aifc aiff amr ape au caf eac3 flac m4a m4b mka oga ogg opus wav weba wma wv'
  )
    .split(' ')
    .map((extension) => `.${extension}`),
);

/** The same without dots, for a file dialog. */
export const mediaExtensionNames: readonly string[] = [...mediaExtensions].map((extension) => extension.slice(1));

/** Extensions of MPEG transport streams that TypeScript uses too. TypeScript files are more common. */
const ambiguousExtensions: ReadonlySet<string> = new Set(['.ts', '.mts']);

/** Whether a file in a folder is converted: by its extension, and if that is ambiguous, by its first bytes. */
export async function isMediaFile(file: string): Promise<boolean> {
  return hasMediaExtension(file) && (!isAmbiguous(file) || (await startsWithTransportStream(file)));
}

export function hasMediaExtension(file: string): boolean {
  return mediaExtensions.has(path.extname(file).toLowerCase());
}

function isAmbiguous(file: string): boolean {
  return ambiguousExtensions.has(path.extname(file).toLowerCase());
}

/** A packet has 188 bytes and begins with 0x47 (ISO/IEC 13818-1). On Blu-ray discs and cameras, 4 bytes precede each packet. */
async function startsWithTransportStream(file: string): Promise<boolean> {
  const syncByte = 0x47;
  const packetBytes = 188;
  const prefixBytes = 4;
  const start = Buffer.alloc(packetBytes + 2 * prefixBytes + 1);
  await using handle = await open(file);
  await handle.read(start, 0, start.length, 0);
  const plain = start[0] === syncByte && start[packetBytes] === syncByte;
  const prefixed = start[prefixBytes] === syncByte && start[packetBytes + 2 * prefixBytes] === syncByte;
  return plain || prefixed;
}
