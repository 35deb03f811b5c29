import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { AppError, isAppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Backend } from '../client/backend.ts';
import { type ConversionRun, type FailedEvent, type RunSummary, runConversions } from '../client/convert-run.ts';
import { type FoundSource, findSources } from '../client/find-sources.ts';
import { type CommandContext, type ExitCode, exitCodes } from './command.ts';
import { MisuseError } from './command-arguments.ts';
import { type ConvertRequest, parseConvertArguments } from './convert-arguments.ts';
import { type LiveProgress, openProgressBar, withoutProgress } from './live-progress.ts';
import { createRunDisplay, type RunDisplay } from './run-display.ts';
import { convertHelp } from './words.ts';

/** How many sources are under way per conversion that can run, so that no converter waits for its next one. */
const sourcesPerJob = 2;
const leastAtOnce = 8;

/** Opens the server at that address. Without an address, starts a backend for this command only, with room for so many conversions. */
export type OpenBackend = (request: Pick<ConvertRequest, 'server' | 'jobs'>) => Promise<Backend>;

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
  const { sources, failures } = await find(request, signal);
  const output = await outputOf(request, sources);
  const total = sources.length + failures.length;
  const live = await openLiveProgress(request, context);
  const { json, quiet } = request;
  const onServer = request.server !== undefined;
  const display = createRunDisplay({ live, stdout, stderr, json, quiet, onServer, currentFolder, total });
  try {
    for (const failure of failures) display.event(failure);
    const { saved, failed } = await convert(sources, request, output, display, openBackend, signal);
    const stopped = signal.aborted && saved + failed < sources.length;
    display.end(saved, stopped);
    if (stopped) return exitCodes.stopped;
    return saved === total ? exitCodes.fine : exitCodes.failed;
  } finally {
    live.close();
  }
}

async function find(
  { paths, addresses }: ConvertRequest,
  signal: AbortSignal,
): Promise<{ readonly sources: readonly FoundSource[]; readonly failures: readonly FailedEvent[] }> {
  const sources: FoundSource[] = [];
  const isAddress = new AppError('source_missing', sayShared('failSourceAddress'));
  const failures = addresses.map((address) => failedEvent(address, isAddress));
  for await (const finding of findSources(paths, signal)) {
    if (finding.kind === 'found') sources.push(finding.source);
    else failures.push(failedEvent(finding.failure.path, finding.failure));
  }
  return { sources, failures };
}

type RunOutput = Pick<ConversionRun, 'outputFolder' | 'outputFile'>;

/** Throws a {@link MisuseError} if the output names an MP3 and there is not one single video. */
async function outputOf(
  { paths, addresses, output }: ConvertRequest,
  sources: readonly FoundSource[],
): Promise<RunOutput> {
  if (output === undefined) return {};
  if (!output.isMp3 || (await isFolder(output.path))) return { outputFolder: output.path };
  const isOneVideo = paths.length + addresses.length === 1 && sources.every(({ path }) => path === paths[0]);
  if (!isOneVideo)
    throw new MisuseError('With -o, name an MP3 for one video, or a folder for several or for a folder.');
  return { outputFile: output.path };
}

async function isFolder(file: string): Promise<boolean> {
  return await stat(file).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

async function openLiveProgress({ json, quiet }: ConvertRequest, { stdout }: CommandContext): Promise<LiveProgress> {
  return stdout.isTTY && !json && !quiet ? await openProgressBar(stdout) : withoutProgress();
}

async function convert(
  sources: readonly FoundSource[],
  request: ConvertRequest,
  output: RunOutput,
  display: RunDisplay,
  openBackend: OpenBackend,
  signal: AbortSignal,
): Promise<RunSummary> {
  if (sources.length === 0 || signal.aborted) return { saved: 0, failed: 0 };
  let backend: Backend;
  try {
    backend = await openBackend(request);
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
        ...output,
        overwrite: request.overwrite,
        // The command's own backend ends with it, and until then its MP3s would fill the disk. A server keeps them.
        forgetEnded: request.server === undefined,
        atOnce: sourcesAtOnce(request),
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

function sourcesAtOnce({ server, jobs }: ConvertRequest): number {
  // A server decides itself how many it converts at once.
  if (server !== undefined && jobs !== undefined) return jobs;
  return Math.max(leastAtOnce, sourcesPerJob * (jobs ?? availableParallelism()));
}

function failedEvent(
  source: string,
  { code, givenCode, message }: Pick<AppError, 'code' | 'message'> & { readonly givenCode?: string | undefined },
): FailedEvent {
  return { type: 'failed', source, code: givenCode ?? code, message };
}
