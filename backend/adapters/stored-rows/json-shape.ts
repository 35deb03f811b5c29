import { isStorableInteger } from './storable-integers.ts';

/**
 * Checks a stored value: one that was parsed from JSON, or a document. Returns the paths of the fields that are missing or wrong, with `at` before them. Zod is
 * not used here, because the thread of the databases would take 10 MB more with it.
 */
export type Shape = (value: unknown, at: string) => readonly string[];

function shapeOf(isRight: (value: unknown) => boolean): Shape {
  return (value, at) => (isRight(value) ? [] : [at]);
}

export const text = shapeOf((value) => typeof value === 'string');
export const number = shapeOf((value) => typeof value === 'number');
export const whole = shapeOf(isStorableInteger);
export const time = shapeOf((value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));

export function oneOf(...values: readonly unknown[]): Shape {
  return shapeOf((value) => values.includes(value));
}

export function optional(shape: Shape): Shape {
  return (value, at) => (value === undefined ? [] : shape(value, at));
}

export function list(shape: Shape): Shape {
  return (value, at) => (Array.isArray(value) ? value.flatMap((item, index) => shape(item, `${at}.${index}`)) : [at]);
}

/** May have more fields than these. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
    const found = new Map(Object.entries(value));
    return Object.entries(fields).flatMap(([name, shape]) =>
      shape(found.get(name), at === '' ? name : `${at}.${name}`),
    );
  };
}

export function either(one: Shape, other: Shape): Shape {
  return (value, at) => (one(value, at).length === 0 ? [] : other(value, at));
}
