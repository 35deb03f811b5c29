/** The letters of these scripts are joined, so a name must not be cut between them. */
const joinedScripts = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}]/u;
/** How many letters before the extension are always shown. */
const keptLength = 6;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/**
 * Splits a file name so that it can be cut in the middle. The second part, the last letters and the extension, is always shown. Both parts
 * together are the name.
 */
export function splitName(name: string): readonly [string, string] {
  const ending = /\.\w{1,5}$/.exec(name)?.[0].length ?? 0;
  const last = name.length - ending - keptLength;
  const segmenter = joinedScripts.test(name) ? words : graphemes;
  let cut = 0;
  for (const { index } of segmenter.segment(name)) {
    if (index > last) break;
    cut = index;
  }
  return [name.slice(0, cut), name.slice(cut)];
}
