import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '../../desktop/ipc.ts';
import { ringPercents, type TrayMark, trayImageName } from '../../desktop/main/tray/tray-image-names.ts';
import { drawSvg, type Picture } from './draw-svg.ts';
import { icnsSizes, toIcns, toIco } from './icon-files.ts';

const drawing = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Sizes up to this one use the drawing for small sizes. */
const small: readonly number[] = [16, 24];

/** Draws the app's icon into `folder`: `icon.png` for windows of Linux, `drag.png`, and electron-builder's icon for each system. */
export function drawAppIcons(folder: string): void {
  const wide = drawing('icon.svg');
  // The margin is macOS's own grid; elsewhere icons fill their square.
  const cropped = wide.replace('viewBox="0 0 512 512"', 'viewBox="40 40 432 432"');
  if (cropped === wide) throw new Error('the view box of icon.svg has changed');
  const draw = (svg: string, sizes: readonly number[]): readonly Picture[] =>
    sizes.map((size) => drawSvg(small.includes(size) ? drawing('icon-small.svg') : svg, size));

  const linux = join(folder, 'linux');
  mkdirSync(linux, { recursive: true });
  for (const { size, png } of draw(cropped, [16, 24, 32, 48, 64, 128, 256, 512]))
    writeFileSync(join(linux, `${size}x${size}.png`), png);
  writeFileSync(join(folder, 'icon.png'), drawSvg(cropped, 512).png);
  // Shown below the pointer while an MP3 is dragged out of the window.
  writeFileSync(join(folder, 'drag.png'), drawSvg(cropped, 64).png);
  writeFileSync(join(folder, 'icon.ico'), toIco(draw(cropped, [16, 24, 32, 48, 64, 128, 256])));
  writeFileSync(join(folder, 'icon.icns'), toIcns(draw(wide, icnsSizes)));
}

/** Draws the tray's images into `folder`, under the names by which the app looks for them. */
export function drawTrayImages(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const marks: readonly TrayMark[] = [
    ...(['idle', 'done', 'error'] as const).map((kind) => ({ kind })),
    ...ringPercents.map((percent) => ({ kind: 'working', fraction: percent / 100 }) as const),
  ];
  for (const mark of marks) {
    for (const system of ['macos', 'windows', 'linux'] as const) {
      for (const onDark of system === 'macos' ? [false] : [false, true]) {
        const file = join(folder, trayImageName(mark, system, onDark));
        writeTrayImage(file, system, trayDrawing(mark, onDark ? '#fff' : '#000'));
      }
    }
  }
}

function writeTrayImage(file: string, system: System, svg: string): void {
  const sharp = file.replace(/\.png$/, '@2x.png');
  switch (system) {
    case 'macos':
      writeFileSync(file, drawSvg(svg, 16).png);
      writeFileSync(sharp, drawSvg(svg, 32).png);
      return;
    case 'windows':
      writeFileSync(file, toIco([16, 20, 24, 32].map((size) => drawSvg(svg, size))));
      return;
    case 'linux': {
      // Panels show 22 pixels. A margin keeps the pixels whole; stretching would blur them.
      const withMargin = svg.replace('viewBox="0 0 16 16"', 'viewBox="-3 -3 22 22"');
      writeFileSync(file, drawSvg(withMargin, 22).png);
      writeFileSync(sharp, drawSvg(withMargin, 44).png);
    }
  }
}

/** Length of the ring in tray-working.svg, in its units. The library does not support `pathLength`. */
const ringLength = 2 * Math.PI * 6.9;

function trayDrawing(mark: TrayMark, colour: string): string {
  const svg = drawing(`tray-${mark.kind}.svg`);
  if (mark.kind !== 'working') return svg.replace('<svg ', `<svg fill="${colour}" `);
  const ring = svg.replace(
    'pathLength="100" stroke-dasharray="62 100"',
    `stroke-dasharray="${mark.fraction * ringLength} ${ringLength}"`,
  );
  if (ring === svg) throw new Error('the ring of tray-working.svg has changed');
  return ring.replace('stroke="#000"', `stroke="${colour}"`);
}
