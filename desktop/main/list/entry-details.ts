import type { RowDetails } from '../../ipc.ts';
import type { Entry } from './entry.ts';

/** The details of an entry for a bug report, without names and paths. */
export function detailsOf(entry: Entry | undefined): RowDetails | null {
  if (entry === undefined) return null;
  const { step, attempt, warnings, options, tracks, durationSeconds, source } = entry;
  const failure = step.kind === 'failed' ? step : undefined;
  const facts = [
    failure?.code,
    failure?.message,
    ...Object.entries(failure?.details ?? {}).map(([name, value]) => `${name} ${value}`),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    `source ${source.bytes} bytes${durationSeconds === undefined ? '' : `, ${durationSeconds} s`}`,
    ...(tracks ?? []).map(({ index, codec, channels }) => `track ${index} ${codec} ${channels} channels`),
    `options ${JSON.stringify(options)}`,
    ...warnings.map((warning) => JSON.stringify(warning)),
  ];
  return {
    ...(failure === undefined ? {} : { code: failure.code }),
    ...(failure?.details === undefined ? {} : { details: failure.details }),
    ...(failure?.code === 'unknown' ? { message: failure.message } : {}),
    ...(attempt === undefined ? {} : { attempt }),
    warnings,
    report: facts.filter((fact) => fact !== undefined).join('\n'),
    canRetry: step.kind === 'failed' || step.kind === 'cancelled',
  };
}
