import { failureSentence, warningSentence } from '../../shared/words/failure-sentence.ts';
import { clockWords, sizeWords } from '../../shared/words/measures.ts';
import type { MailedFailure, MailedResult, MailFacts } from '../conversions/outbox-mails.ts';
import { countWords, dayWords, oneLine } from './mail-words.ts';

/** What all mails of one server share. */
export interface MailContext {
  /** The public address of the gateway, without a slash at the end. */
  readonly url: string;
  /** The name of this server. The text mentions it. */
  readonly host: string;
  readonly now: Date;
}

/** All sentences of a mail. Its text part and its HTML part are made from the same ones. */
export interface MailContent {
  readonly subject: string;
  /** Says what was converted; absent when nothing was. */
  readonly doneHeading?: string;
  /** The same, for use inside a sentence. */
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
  /** Why the MP3 is missing, or what is wrong with it. */
  readonly remarks: readonly string[];
}

/** @param facts must name at least one conversion */
export function mailContent(facts: MailFacts, context: MailContext): MailContent {
  const { done, failed, batchId, keptUntil } = facts;
  const results = facts.results.map(resultLine);
  const failures = facts.failures.map((failure) => failureLine(failure, context.host));
  const [onlyResult, onlyFailure] = [results[0], failures[0]];
  const ready = done === 1 && failed === 0 && onlyResult ? `${onlyResult.name} is ready` : undefined;
  const doneHeading = ready ?? `${videos(done)} converted`;
  const doneWords = ready ?? `${videos(done)} ${done === 1 ? 'was' : 'were'} converted`;
  const failedHeading = `${done === 0 ? videos(failed) : countWords(failed)} could not be converted`;
  const it = done === 1 ? 'it' : 'them';
  return {
    subject: subjectOf(facts, onlyResult, onlyFailure),
    ...(done > 0 ? { doneHeading, doneWords, doneSentence: `Open Soundlift to save ${it} to your folder.` } : {}),
    results,
    ...more('moreResults', done - results.length),
    ...(failed > 0 ? { failedHeading } : {}),
    failures,
    ...more('moreFailures', failed - failures.length),
    openUrl: `${context.url}/open/b/${encodeURIComponent(batchId.toWellFormed())}`,
    ...(keptUntil === undefined ? {} : { kept: `Kept on the server until ${dayWords(keptUntil, context.now)}.` }),
    ...(done > 0
      ? { script: `curl -H "Authorization: Bearer TOKEN" -o out.mp3 "${context.url}/download?fid=ID"` }
      : {}),
    foot: `Sent by ${context.host} because e-mail is turned on in your Soundlift settings.`,
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
  if (failed > 0) parts.push(`${countWords(failed)} failed`);
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
    duration: clockWords(seconds),
    size: sizeWords(bytes),
    remarks: warnings.map((warning) => oneLine(warningSentence(warning))),
  };
}

function failureLine({ fileName, error }: MailedFailure, host: string): MailLine {
  return { name: oneLine(fileName), remarks: [oneLine(failureSentence(error, host))] };
}
