import { availableParallelism } from 'node:os';
import { type AppError, isAppError } from '../../shared/errors.ts';
import type { Backend } from '../client/backend.ts';
import { type FailedEvent, type RunSummary, runConversions } from '../client/convert-run.ts';
import { type FoundSource, findSources } from '../client/find-sources.ts';
import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { type ConvertRequest, parseConvertArguments } from './convert-arguments.ts';
import { type LiveProgress, openProgressBar, withoutProgress } from './live-progress.ts';
import { createRunDisplay, type RunDisplay } from './run-display.ts';
import { convertHelp } from './words.ts';

/** How many sources are under way per core, so that no converter waits for its next one. */
const sourcesPerCore = 2;
const leastAtOnce = 8;

/** Opens the server at that address. Without an address, starts a backend for this command only. */
export type OpenBackend = (server: string | undefined) => Promise<Backend>;

/**
 * `soundlift convert`. When it resolves, only the MP3s are left of what it began. `openBackend` is called only when there is something to
 * convert. Throws a MisuseError, and the signal's reason when it is stopped before the first conversion.
 */
export async function runConvert(
  words: readonly string[],
  context: CommandContext,
  openBackend: OpenBackend,
): Promise<ExitCode> {
  const { stdout, stderr, currentFolder, signal } = context;
  const request = parseConvertArguments(words, currentFolder);
  if (request === 'help') {
    stdout.write(convertHelp);
    return exitCodes.fine;
  }
  const { sources, failures } = await find(request.paths, signal);
  const total = sources.length + failures.length;
  const live = await openLiveProgress(request, context);
  const display = createRunDisplay({ live, stdout, stderr, json: request.json, currentFolder, total });
  try {
    for (const failure of failures) display.event(failure);
    const { saved, failed } = await convert(sources, request, display, openBackend, signal);
    const stopped = signal.aborted && saved + failed < sources.length;
    display.end(saved, stopped);
    if (stopped) return exitCodes.stopped;
    return saved === total ? exitCodes.fine : exitCodes.failed;
  } finally {
    live.close();
  }
}

async function find(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly sources: readonly FoundSource[]; readonly failures: readonly FailedEvent[] }> {
  const sources: FoundSource[] = [];
  const failures: FailedEvent[] = [];
  for await (const finding of findSources(paths, signal)) {
    if (finding.kind === 'found') sources.push(finding.source);
    else failures.push(failedEvent(finding.failure.path, finding.failure));
  }
  return { sources, failures };
}

async function openLiveProgress({ json }: ConvertRequest, { stdout }: CommandContext): Promise<LiveProgress> {
  return stdout.isTTY && !json ? await openProgressBar(stdout) : withoutProgress();
}

async function convert(
  sources: readonly FoundSource[],
  request: ConvertRequest,
  display: RunDisplay,
  openBackend: OpenBackend,
  signal: AbortSignal,
): Promise<RunSummary> {
  if (sources.length === 0 || signal.aborted) return { saved: 0, failed: 0 };
  let backend: Backend;
  try {
    backend = await openBackend(request.server);
  } catch (error) {
    // The caller can fix a bad setting or a missing sign-in. Any other error fails every source, for the same reason.
    if (!isAppError(error) || isAppError(error, 'invalid', 'unauthorized')) throw error;
    for (const { path } of sources) display.event(failedEvent(path, error));
    return { saved: 0, failed: sources.length };
  }
  try {
    return await runConversions(
      {
        backend,
        sources,
        options: request.options,
        ...(request.outputFolder === undefined ? {} : { outputFolder: request.outputFolder }),
        overwrite: request.overwrite,
        // The command's own backend ends with it, and until then its MP3s would fill the disk. A server keeps them.
        forgetEnded: request.server === undefined,
        atOnce: Math.max(leastAtOnce, sourcesPerCore * availableParallelism()),
        onEvent: display.event,
        onProgress: display.progress,
        onDefect: display.defect,
      },
      signal,
    );
  } finally {
    await backend.close();
  }
}

function failedEvent(
  source: string,
  { code, givenCode, message }: Pick<AppError, 'code' | 'message'> & { readonly givenCode?: string | undefined },
): FailedEvent {
  return { type: 'failed', source, code: givenCode ?? code, message };
}
