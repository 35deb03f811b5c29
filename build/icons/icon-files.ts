import type { Picture } from './draw-svg.ts';

/** Windows' icon file: small images as bitmaps, which every part of Windows can read, and 256 pixels as PNG, as usual. */
export function toIco(pictures: readonly Picture[]): Buffer {
  const images = pictures.map((picture) => (picture.size < 256 ? toBitmap(picture) : picture.png));
  const header = Buffer.alloc(6 + 16 * images.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  let offset = header.length;
  for (const [index, image] of images.entries()) {
    const at = 6 + 16 * index;
    // 0 is 256.
    const size = (pictures[index]?.size ?? 0) % 256;
    header.writeUInt8(size, at);
    header.writeUInt8(size, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(image.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += image.length;
  }
  return Buffer.concat([header, ...images]);
}

/** A BITMAPINFOHEADER, the rows from the bottom up as BGRA, and the mask that is kept for old programs, here all zero. */
function toBitmap({ size, pixels }: Picture): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeInt32LE(size, 4);
  // The height of image and mask together.
  header.writeInt32LE(2 * size, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(32, 14);
  const colours = Buffer.alloc(4 * size * size);
  for (let row = 0; row < size; row += 1) {
    const from = pixels.subarray(4 * size * (size - 1 - row), 4 * size * (size - row));
    from.copy(colours, 4 * size * row);
  }
  for (let at = 0; at < colours.length; at += 4) {
    const red = colours[at] ?? 0;
    colours[at] = colours[at + 2] ?? 0;
    colours[at + 2] = red;
  }
  const mask = Buffer.alloc(Math.ceil(size / 32) * 4 * size);
  return Buffer.concat([header, colours, mask]);
}

/** The types of macOS's icon file that hold a PNG of a size, and of half the size on a sharp screen. */
const icnsTypes = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic13', 256],
  ['ic09', 512],
  ['ic14', 512],
  ['ic10', 1024],
] as const;

/** The sizes that macOS's icon file must have. */
export const icnsSizes: readonly number[] = [...new Set(icnsTypes.map(([, size]) => size))];

/** macOS's icon file. Throws if one of `icnsSizes` is missing. */
export function toIcns(pictures: readonly Picture[]): Buffer {
  const parts = icnsTypes.map(([type, size]) => {
    const png = pictures.find((picture) => picture.size === size)?.png;
    if (png === undefined) throw new Error(`a picture of ${size} pixels is missing`);
    return Buffer.concat([tag(type, png.length), png]);
  });
  const all = Buffer.concat(parts);
  return Buffer.concat([tag('icns', all.length), all]);
}

function tag(type: string, bytes: number): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 'latin1');
  header.writeUInt32BE(8 + bytes, 4);
  return header;
}
