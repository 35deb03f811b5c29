/** Case and accents aside. */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/**
 * The index of the next name that begins with what was typed, round the end of the list; undefined when there is none. One letter
 * looks beyond `from`, so that typing it again goes on; more letters may stay there.
 */
export function findByName(names: readonly string[], from: number, typed: string): number | undefined {
  const wanted = plain(typed);
  if (wanted === '') return undefined;
  const letters = Array.from(wanted);
  // The same letter again and again walks through all that begin with it.
  const repeated = letters.every((letter) => letter === letters[0]);
  const start = repeated ? from + 1 : from;
  const beginning = repeated ? (letters[0] ?? '') : wanted;
  for (let step = 0; step < names.length; step += 1) {
    const index = (Math.max(0, start) + step) % names.length;
    if (plain(names[index] ?? '').startsWith(beginning)) return index;
  }
  return undefined;
}
