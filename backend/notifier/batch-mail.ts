import type { MailedFailure, MailedResult, MailFacts } from '../conversions/outbox-mails.ts';
import type { MailMessage } from '../ports/mailer.ts';
import { batchMailHtml } from './batch-mail-html.ts';
import { clockTime, countWords, dayWords, failureSentence, oneLine, sizeWords, warningSentence } from './mail-words.ts';

/** Where mail leads to. */
export interface MailContext {
  /** Under which address people reach the gateway, without a slash at its end. */
  readonly url: string;
  /** The name of this server in a mail's text, and in its id. */
  readonly host: string;
  readonly now: Date;
}

/** A mail in words, before they are put into one of its two parts. */
export interface MailContent {
  readonly subject: string;
  /** What is done; undefined where nothing is. */
  readonly doneHeading?: string;
  /** The same where it stands in a sentence. */
  readonly doneWords?: string;
  readonly doneSentence?: string;
  readonly results: readonly MailLine[];
  readonly moreResults?: string;
  readonly failedHeading?: string;
  readonly failures: readonly MailLine[];
  readonly moreFailures?: string;
  readonly openUrl: string;
  readonly kept?: string;
  readonly script?: string;
  readonly foot: string;
}

export interface MailLine {
  readonly name: string;
  readonly id?: string;
  readonly duration?: string;
  readonly size?: string;
  /** Why it is not there, or not whole. */
  readonly remarks: readonly string[];
}

/** Longer names would make the columns of the text wider than a screen. */
const widestName = 48;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The mail of a batch, in the words of `facts`, which must tell of one conversion at least. */
export function batchMail(
  facts: MailFacts,
  place: MailContext,
): Pick<MailMessage, 'subject' | 'text'> & { html: string } {
  const content = contentOf(facts, place);
  return { subject: content.subject, text: textOf(content), html: batchMailHtml(content) };
}

function contentOf(facts: MailFacts, place: MailContext): MailContent {
  const { done, failed, batchId, keptUntil } = facts;
  const results = facts.results.map(resultLine);
  const failures = facts.failures.map((failure) => failureLine(failure, place.host));
  const [onlyResult, onlyFailure] = [results[0], failures[0]];
  const ready = done === 1 && failed === 0 && onlyResult ? `${onlyResult.name} is ready` : undefined;
  const doneHeading = ready ?? `${videos(done)} converted`;
  const doneWords = ready ?? `${videos(done)} ${done === 1 ? 'is' : 'are'} converted`;
  const failedHeading = `${done === 0 ? videos(failed) : countWords(failed)} could not be converted`;
  const it = done === 1 ? 'it' : 'them';
  return {
    subject: subjectOf(facts, onlyResult, onlyFailure),
    ...(done > 0 ? { doneHeading, doneWords, doneSentence: `Open Soundlift to have ${it} in your folder.` } : {}),
    results,
    ...more('moreResults', done - results.length),
    ...(failed > 0 ? { failedHeading } : {}),
    failures,
    ...more('moreFailures', failed - failures.length),
    openUrl: `${place.url}/open/b/${encodeURIComponent(batchId.toWellFormed())}`,
    ...(keptUntil === undefined ? {} : { kept: `Kept on the server until ${dayWords(keptUntil, place.now)}.` }),
    ...(done > 0 ? { script: `curl -H "Authorization: Bearer TOKEN" -o out.mp3 "${place.url}/download?fid=ID"` } : {}),
    foot: `Sent by ${place.host} because e-mail is switched on in Soundlift, under Settings.`,
  };
}

function subjectOf(facts: MailFacts, onlyResult?: MailLine, onlyFailure?: MailLine): string {
  const { done, failed, cutShort, withGaps } = facts;
  if (done + failed === 1) {
    if (onlyResult === undefined) return `${onlyFailure?.name ?? 'A video'} could not be converted`;
    const flaw = cutShort > 0 ? ', but breaks off early' : withGaps > 0 ? ', but has gaps' : '';
    return `${onlyResult.name} is ready${flaw}`;
  }
  if (done === 0) return `${videos(failed)} could not be converted`;
  const parts = [`${videos(done)} converted`];
  if (cutShort > 0) parts.push(`${countWords(cutShort)} ${cutShort === 1 ? 'breaks' : 'break'} off early`);
  if (withGaps > 0) parts.push(`${countWords(withGaps)} ${withGaps === 1 ? 'has' : 'have'} gaps`);
  if (failed > 0) parts.push(`${countWords(failed)} not`);
  return parts.join(', ');
}

function videos(count: number): string {
  return `${countWords(count)} ${count === 1 ? 'video' : 'videos'}`;
}

function more<Key extends string>(key: Key, count: number): Partial<Record<Key, string>> {
  const words: Partial<Record<Key, string>> = {};
  if (count > 0) words[key] = `and ${countWords(count)} more`;
  return words;
}

function resultLine({ id, fileName, seconds, bytes, warnings }: MailedResult): MailLine {
  return {
    name: oneLine(fileName),
    id: oneLine(id),
    duration: clockTime(seconds),
    size: sizeWords(bytes),
    remarks: warnings.map(warningSentence),
  };
}

function failureLine({ fileName, error }: MailedFailure, host: string): MailLine {
  return { name: oneLine(fileName), remarks: [oneLine(failureSentence(error, host))] };
}

function textOf(content: MailContent): string {
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
  if (script !== undefined) blocks.push([`With a script: ${script}`]);
  // With its blank, the line that mail readers know a signature by (RFC 3676, section 4.3).
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n\n-- \n${content.foot}\n`;
}

/** In columns. */
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

/** As a reader counts them: an emoji is one. */
function letters(text: string): number {
  return [...graphemes.segment(text)].length;
}
