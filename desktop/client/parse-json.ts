/** Parses JSON. Undefined if it is invalid: callers check the value against a schema anyway. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
