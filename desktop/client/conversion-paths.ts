export const conversionsPath = '/api/v1/conversions';

/** The path of one conversion. `rest` follows the id: `/file`. */
export function conversionPath(id: string, rest = ''): string {
  return `${conversionsPath}/${encodeURIComponent(id)}${rest}`;
}
