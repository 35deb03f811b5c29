/** Undefined for what is no JSON: whoever reads it holds it against a schema anyway. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
