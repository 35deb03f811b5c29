import type { MailContent, MailLine } from './mail-content.ts';

/** Longer names would make the columns wider than a screen. */
const widestName = 48;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The plain text part of a mail. */
export function batchMailText(content: MailContent): string {
  const { doneWords, doneSentence, failedHeading, results, failures, kept, script } = content;
  const nameWidth = Math.min(
    widest([...results, ...failures], ({ name }) => name),
    widestName,
  );
  const blocks: (readonly string[])[] = [];
  if (doneWords !== undefined) {
    blocks.push([`${doneWords}. ${doneSentence}`], listed(results, nameWidth, content.moreResults));
  }
  if (failedHeading !== undefined) {
    blocks.push([`${failedHeading}:`], listed(failures, nameWidth, content.moreFailures));
  }
  blocks.push([`Open Soundlift:  ${content.openUrl}`, ...(kept === undefined ? [] : [kept])]);
  if (script !== undefined) blocks.push([`To download with a script: ${script}`]);
  // `-- ` with its space marks a signature (RFC 3676, section 4.3).
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n\n-- \n${content.foot}\n`;
}

/** One line for each file, in columns. */
function listed(lines: readonly MailLine[], nameWidth: number, moreWords: string | undefined): readonly string[] {
  const durationWidth = widest(lines, ({ duration }) => duration);
  const sizeWidth = widest(lines, ({ size }) => size);
  const named = lines.flatMap(({ name, id, duration = '', size = '', remarks }) => {
    const start = `  ${name}${' '.repeat(Math.max(nameWidth - letters(name), 0))}    `;
    if (id === undefined) return [`${start}${remarks.join(' ')}`];
    const columns = [duration.padStart(durationWidth), size.padStart(sizeWidth), id];
    return [`${start}${columns.join('   ')}`, ...remarks.map((remark) => `    ${remark}`)];
  });
  return moreWords === undefined ? named : [...named, `  ${moreWords}`];
}

function widest(lines: readonly MailLine[], pick: (line: MailLine) => string | undefined): number {
  return lines.reduce((most, line) => Math.max(most, letters(pick(line) ?? '')), 0);
}

/** Counts what a reader sees as one character: an emoji is 1. */
function letters(text: string): number {
  return [...graphemes.segment(text)].length;
}
