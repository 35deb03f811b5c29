export const conversionsPath = '/api/v1/conversions';

/** Of one conversion, with what comes after its id: `/file`. */
export function conversionPath(id: string, rest = ''): string {
  return `${conversionsPath}/${encodeURIComponent(id)}${rest}`;
}
