/** What travels between a page and the host: JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Codec {
  /** @throws TypeError for what cannot be cloned */
  enc(value: unknown): Json;
  dec(value: Json): unknown;
}

/**
 * Encodes values of structured clone as JSON. The source of this function is also injected into pages, so it may use nothing from outside.
 */
export function structuredCodec(): Codec {
  type Tagged = { readonly [key: string]: Json };
  const toBase64 = (bytes: Uint8Array): string => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const viewOf = (name: string, { buffer }: Uint8Array<ArrayBuffer>): unknown => {
    const View = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => unknown>)[name];
    return View === undefined ? undefined : new View(buffer);
  };
  const refuse = (): never => {
    throw new TypeError('An object could not be cloned.');
  };

  const encodeObject = (value: object): Json => {
    if (Array.isArray(value)) return value.map(enc);
    if (value instanceof Date) return { $: 'date', v: +value };
    if (value instanceof Error)
      return { $: 'error', name: value.name, message: value.message, stack: value.stack ?? '' };
    if (value instanceof Map) return { $: 'map', v: [...value].map(enc) };
    if (value instanceof Set) return { $: 'set', v: [...value].map(enc) };
    if (value instanceof ArrayBuffer) return { $: 'buffer', v: toBase64(new Uint8Array(value)) };
    if (ArrayBuffer.isView(value)) {
      const { name } = value.constructor;
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return { $: 'bytes', t: name === 'Buffer' ? 'Uint8Array' : name, v: toBase64(bytes) };
    }
    if (value instanceof Promise || value instanceof WeakMap) return refuse();
    if (typeof Node === 'function' && value instanceof Node) return refuse();
    const fields = Object.fromEntries(Object.entries(value).map(([key, field]) => [key, enc(field)]));
    return '$' in fields ? { $: 'object', v: fields } : fields;
  };
  const enc = (value: unknown): Json => {
    switch (typeof value) {
      case 'undefined':
        return { $: 'undefined' };
      case 'bigint':
        return { $: 'bigint', v: String(value) };
      case 'number':
        return Number.isFinite(value) ? value : { $: 'number', v: String(value) };
      case 'function':
      case 'symbol':
        return refuse();
      case 'object':
        return value === null ? null : encodeObject(value);
      default:
        return value as string | boolean;
    }
  };

  const fields = (value: Tagged): object =>
    Object.fromEntries(Object.entries(value).map(([key, field]) => [key, dec(field)]));
  const dec = (value: Json): unknown => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(dec);
    const tagged = value as Tagged;
    const v = tagged['v'] as Json;
    switch (tagged['$']) {
      case 'undefined':
        return undefined;
      case 'bigint':
        return BigInt(v as string);
      case 'number':
        return Number(v);
      case 'date':
        return new Date(v as number);
      case 'error': {
        const error = new Error(tagged['message'] as string);
        return Object.assign(error, { name: tagged['name'], stack: tagged['stack'] });
      }
      case 'map':
        return new Map((v as readonly Json[]).map((entry) => dec(entry) as [unknown, unknown]));
      case 'set':
        return new Set((v as readonly Json[]).map(dec));
      case 'buffer':
        return fromBase64(v as string).buffer;
      case 'bytes': {
        const bytes = fromBase64(v as string);
        return tagged['t'] === 'Uint8Array' ? bytes : viewOf(tagged['t'] as string, bytes);
      }
      case 'object':
        return fields(v as Tagged);
      default:
        return fields(tagged);
    }
  };
  return { enc, dec };
}
