import { open } from 'node:fs/promises';
import path from 'node:path';

/**
 * By which files inside a folder are known to be worth a try. Not `.mp3`: what is one already needs no conversion, and a second
 * run over a folder would convert the first one's results.
 */
const mediaExtensions: ReadonlySet<string> = new Set(
  // Films.
  (
    '3g2 3gp asf avi divx dv f4v flv m2t m2ts m4v mkv mov mp4 mpe mpeg mpg mts mxf nut ogm ogv rm rmvb ts vob webm wmv ' +
    // Sound alone.
    'aac ac3 aif aifc aiff amr ape au caf eac3 flac m4a m4b mka oga ogg opus wav weba wma wv'
  )
    .split(' ')
    .map((extension) => `.${extension}`),
);

/** The same for a dialog that offers such files: without dots. */
export const mediaExtensionNames: readonly string[] = [...mediaExtensions].map((extension) => extension.slice(1));

/** Names that MPEG transport streams share with TypeScript, which is found in larger numbers. */
const ambiguousExtensions: ReadonlySet<string> = new Set(['.ts', '.mts']);

/** Whether a file inside a folder is taken along, by its name, and where that tells too little, by its first bytes. */
export async function isMediaFile(file: string): Promise<boolean> {
  return hasMediaExtension(file) && (!isAmbiguous(file) || (await startsWithTransportStream(file)));
}

export function hasMediaExtension(file: string): boolean {
  return mediaExtensions.has(path.extname(file).toLowerCase());
}

function isAmbiguous(file: string): boolean {
  return ambiguousExtensions.has(path.extname(file).toLowerCase());
}

/** A packet is 188 bytes and begins with 0x47 (ISO/IEC 13818-1); Blu-ray discs and cameras put four bytes before each. */
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
