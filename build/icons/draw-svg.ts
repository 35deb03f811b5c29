import { Resvg } from '@resvg/resvg-js';

/** A square picture. `pixels`: RGBA, a byte each, not premultiplied, from the top left. */
export interface Picture {
  readonly size: number;
  readonly png: Buffer;
  readonly pixels: Buffer;
}

/** Draws a square SVG `size` pixels wide. */
export function drawSvg(svg: string, size: number): Picture {
  const drawn = new Resvg(svg, { fitTo: { mode: 'width', value: size }, font: { loadSystemFonts: false } }).render();
  return { size, png: drawn.asPng(), pixels: withoutPremultiplying(drawn.pixels) };
}

/** The library's pixels are premultiplied. */
function withoutPremultiplying(premultiplied: Buffer): Buffer {
  const pixels = Buffer.from(premultiplied);
  for (let at = 0; at < pixels.length; at += 4) {
    const opacity = pixels[at + 3] ?? 0;
    if (opacity === 0 || opacity === 255) continue;
    for (let colour = at; colour < at + 3; colour += 1)
      pixels[colour] = Math.min(255, Math.round(((pixels[colour] ?? 0) * 255) / opacity));
  }
  return pixels;
}
