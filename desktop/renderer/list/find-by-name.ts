/** Ignores case and accents. */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/**
 * The index of the next name that begins with the typed letters, continuing at the top of the list; undefined if there is none. A single
 * letter searches after `from`, so that typing it again finds the next name; several letters also match at `from`.
 */
export function findByName(names: readonly string[], from: number, typed: string): number | undefined {
  const wanted = plain(typed);
  if (wanted === '') return undefined;
  const letters = Array.from(wanted);
  // Typing the same letter repeatedly goes through all names that begin with it.
  const repeated = letters.every((letter) => letter === letters[0]);
  const start = repeated ? from + 1 : from;
  const beginning = repeated ? (letters[0] ?? '') : wanted;
  for (let step = 0; step < names.length; step += 1) {
    const index = (Math.max(0, start) + step) % names.length;
    if (plain(names[index] ?? '').startsWith(beginning)) return index;
  }
  return undefined;
}
