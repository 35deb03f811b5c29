import { existsSync, readFileSync } from 'node:fs';
import { StrictEmitter, strict } from '../strict.ts';

interface Representation {
  readonly scaleFactor?: number;
  readonly buffer?: Buffer;
  readonly dataURL?: string;
  readonly width?: number;
  readonly height?: number;
}
interface Size {
  readonly width: number;
  readonly height: number;
}

const fromDataUrl = (url: string): Buffer => Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');

/** Bytes that are never drawn. Only a PNG's size is read. */
export class NativeImage extends StrictEmitter {
  readonly #scales = new Map<number, Buffer>();
  #size: Size | undefined;
  #template = false;
  constructor(data: Buffer, scaleFactor = 1, size?: Size) {
    super();
    if (data.length > 0) this.#scales.set(scaleFactor, data);
    this.#size = size;
  }
  #data(scaleFactor = 1): Buffer {
    return this.#scales.get(scaleFactor) ?? this.#scales.values().next().value ?? Buffer.alloc(0);
  }
  isEmpty() {
    return this.#scales.size === 0;
  }
  toPNG(options: { scaleFactor?: number } = {}) {
    return this.#data(options.scaleFactor);
  }
  toDataURL(options: { scaleFactor?: number } = {}) {
    return `data:image/png;base64,${this.#data(options.scaleFactor).toString('base64')}`;
  }
  getSize(scaleFactor = 1): Size {
    if (this.#size) return this.#size;
    const data = this.#data(scaleFactor);
    if (data.length < 24) return { width: 0, height: 0 };
    return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) };
  }
  getScaleFactors() {
    return [...this.#scales.keys()];
  }
  addRepresentation({ scaleFactor = 1, buffer, dataURL = '' }: Representation) {
    this.#scales.set(scaleFactor, buffer ?? fromDataUrl(dataURL));
  }
  resize({ width, height }: Partial<Size>) {
    const before = this.getSize();
    const size = { width: width ?? before.width, height: height ?? before.height };
    return new NativeImage(this.#data(), 1, size);
  }
  setTemplateImage(template: boolean) {
    this.#template = template;
  }
  isTemplateImage() {
    return this.#template;
  }
}

export const nativeImage = strict('nativeImage', {
  createEmpty: () => new NativeImage(Buffer.alloc(0)),
  createFromPath: (path: string) => new NativeImage(existsSync(path) ? readFileSync(path) : Buffer.alloc(0)),
  createFromBuffer: (data: Buffer, options: { scaleFactor?: number } = {}) =>
    new NativeImage(data, options.scaleFactor),
  createFromDataURL: (url: string) => new NativeImage(fromDataUrl(url)),
});
