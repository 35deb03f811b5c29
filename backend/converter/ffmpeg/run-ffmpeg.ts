import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import ffmpegCommand, { type FfmpegCommand, type Formats } from 'fluent-ffmpeg';
import { AppError } from '../../../shared/errors.ts';
import {
  type Containment,
  type ContainmentStep,
  launcherEnvironment,
  noContainment,
  type ProcessLimits,
  tryContainment,
} from './containment.ts';
import { tellsOfFailedWrite, translateFailure } from './ffmpeg-failure.ts';
import type { FfmpegBinaries } from './locate-ffmpeg.ts';
import { supervise } from './supervise-process.ts';

/** One command line, in the parts that fluent-ffmpeg wants. Names are relative to the work folder. */
export interface FfmpegCommandLine {
  readonly inputOptions: readonly string[];
  readonly input: string;
  readonly outputs: readonly FfmpegOutput[];
}

export interface FfmpegOutput {
  readonly options: readonly string[];
  /** A file, `-` for none, or `sound`: the program's standard output. At most one. */
  readonly to: { readonly file: string } | 'nothing' | 'sound';
}

export interface FfmpegJob {
  readonly workFolder: string;
  readonly commandLine: FfmpegCommandLine;
  readonly limits: ProcessLimits;
  /** Each line of standard error. */
  readonly onLine?: (line: string) => void;
  /** What comes on standard output, in order. What it throws ends the run. */
  readonly onSound?: (chunk: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

export interface FfprobeJob {
  readonly workFolder: string;
  readonly arguments: readonly string[];
  readonly limits: ProcessLimits;
  readonly signal?: AbortSignal;
}

export interface FfprobeAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  /** The last lines alone. */
  readonly stderrTail: string;
}

/**
 * The two programs, contained. Both methods reject with the signal's reason on an abort, with `timed_out` when a limit of time
 * was reached, and with what {@link translateFailure} makes of any other bad end; always only once the process is gone.
 */
export interface Ffmpeg {
  readonly containment: Containment;
  /** Resolves when ffmpeg has ended with 0 and all that it said was handed on. */
  run(job: FfmpegJob): Promise<void>;
  /** Resolves whether ffprobe liked what it saw or not. */
  probe(job: FfprobeJob): Promise<FfprobeAnswer>;
}

const ourLauncher = fileURLToPath(new URL('launch-ffmpeg.sh', import.meta.url));
/** What is kept of standard error for the log. */
const stderrTailLines = 40;
const stderrTailCharacters = 8192;
/** A description of a thousand tracks is smaller by far. */
const maxProbeBytes = 16 << 20;

/** Finds out, once, how far this system lets the programs be contained. */
export async function openFfmpeg(
  binaries: FfmpegBinaries,
  { launcher = ourLauncher }: { readonly launcher?: string } = {},
): Promise<Ffmpeg> {
  const launches = process.platform !== 'win32' && (await isExecutable(launcher));
  const containment = launches
    ? await tryContainment((steps) => holds(launcher, steps), { root: process.getuid?.() === 0 })
    : noContainment;

  function start(program: string, limits: ProcessLimits): Start {
    return launches
      ? { path: launcher, environment: launcherEnvironment(program, containment.steps, limits) }
      : { path: program, environment: { LANG: 'C' } };
  }

  return {
    containment,
    run: (job) => runFfmpeg(start(binaries.ffmpeg, job.limits), job),
    probe: (job) => runFfprobe(start(binaries.ffprobe, job.limits), job),
  };
}

/** What to start in a program's place, and the whole environment to start it in. */
interface Start {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Whether a program starts with these steps, and says itself that it is held by its limits. */
function holds(launcher: string, steps: readonly ContainmentStep[]): Promise<boolean> {
  const limits: ProcessLimits = { wallSeconds: 10, cpuSeconds: 10, memoryBytes: 1 << 30, fileBytes: 1 << 20 };
  const env = launcherEnvironment('/bin/sh', steps, limits);
  return new Promise((resolve) => {
    const options = { env, timeout: limits.wallSeconds * 1000, killSignal: 'SIGKILL' } as const;
    execFile(launcher, ['-c', 'ulimit -t; ulimit -f; ulimit -v'], options, (error, stdout) => {
      const [cpu, file, memory] = stdout.split('\n').map((line) => /^\d+$/.test(line));
      const limited = !steps.includes('limits') || (cpu === true && file === true);
      resolve(error === null && limited && (!steps.includes('memory-limit') || memory === true));
    });
  });
}

/**
 * What we need of fluent-ffmpeg beyond its documented methods. It offers no way to give the environment, and a program that
 * cannot be started makes it throw where nobody can catch it (it reads the output of a process that never was). Both are
 * mended at the one place where it starts processes; its options go to `spawn` as they are. The package is archived: this
 * will not change.
 */
interface FluentInternals {
  _spawnFfmpeg(
    args: readonly string[],
    options: SpawnOptions,
    onProcess: (child: ChildProcess, stdout: LineRing, stderr: LineRing) => void,
    onEnd: (error: Error | null, stdout?: LineRing, stderr?: LineRing) => void,
  ): void;
}

interface LineRing {
  get(): string;
}

async function runFfmpeg(start: Start, job: FfmpegJob): Promise<void> {
  job.signal?.throwIfAborted();
  const command = ffmpegCommand({ cwd: job.workFolder, stdoutLines: stderrTailLines });
  // Asked before the first run at the price of two starts of ffmpeg; what it would learn, ffmpeg says itself.
  command.availableFormats = (callback) => callback(noError, formatsNamedIn(job.commandLine));
  command.availableEncoders = (callback) => callback(noError, {});
  const sink = soundSink(job.onSound);
  fill(command, job.commandLine, sink);

  const supervision = supervise(job.limits, job.signal);
  const internals = command as unknown as FluentInternals;
  const spawnFfmpeg = internals._spawnFfmpeg.bind(command);
  internals._spawnFfmpeg = (args, options, onProcess, onEnd) => {
    const ended: typeof onEnd = (error, stdout = noLines, stderr = noLines) => {
      if (error !== null) supervision.couldNotStart(error);
      onEnd(error, stdout, stderr);
    };
    const taken: typeof onProcess = (child, stdout, stderr) => {
      supervision.take(child);
      onProcess(child, stdout, stderr);
    };
    const mended: SpawnOptions = { ...options, ...spawnOptions(start, job) };
    try {
      // Kept by the library for all its commands together: set where nothing can come in between.
      command.setFfmpegPath(start.path);
      spawnFfmpeg(args, mended, taken, ended);
    } catch (error) {
      ended(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const said = new Promise<{ readonly failed: boolean; readonly stderr: string }>((resolve) => {
    command.on('end', (_stdout, stderr) => resolve({ failed: false, stderr: stderr ?? '' }));
    command.on('error', (error, _stdout, stderr) => {
      // Also what it dislikes before it comes to start anything.
      supervision.couldNotStart(error);
      resolve({ failed: true, stderr: stderr ?? '' });
    });
  });
  let failedToWrite = false;
  command.on('stderr', (line) => {
    failedToWrite ||= tellsOfFailedWrite(line);
    job.onLine?.(line);
  });
  command.run();

  const [{ failed, stderr }, ending] = await Promise.all([said, supervision.gone]);
  supervision.throwIfStopped();
  if (sink.errored !== null) throw sink.errored;
  if (failed || failedToWrite) {
    throw translateFailure({ program: 'ffmpeg', ...ending, stderrTail: tailOf(stderr), limits: job.limits });
  }
}

function spawnOptions({ environment }: Start, { workFolder }: Pick<FfmpegJob, 'workFolder'>) {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return {
    cwd: workFolder,
    env: environment,
    stdio,
    windowsHide: true,
    // A group of its own, to be killed as one, and out of the terminal's reach: at a Ctrl-C it is the service that decides what
    // becomes of a conversion.
    detached: process.platform !== 'win32',
  };
}

/** Lays the command line out. fluent-ffmpeg splits a single option at its spaces, several it takes as they are. */
function fill(command: FfmpegCommand, commandLine: FfmpegCommandLine, sink: Writable): void {
  command.input(commandLine.input).inputOptions(...commandLine.inputOptions);
  for (const { options, to } of commandLine.outputs) {
    if (to === 'sound') command.output(sink);
    else command.output(to === 'nothing' ? '-' : to.file);
    command.outputOptions(...options);
  }
}

/** Takes each chunk as it comes, so that nothing is on its way any more once the process is gone. */
function soundSink(onSound: FfmpegJob['onSound']): Writable {
  return new Writable({
    // Closed, it would make fluent-ffmpeg kill a process that is just about to end by itself.
    autoDestroy: false,
    emitClose: false,
    write(chunk: Uint8Array, _encoding, done) {
      try {
        onSound?.(chunk);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

/**
 * fluent-ffmpeg's own ffprobe can be neither cancelled nor bounded in time or output, and takes no folder or environment:
 * hence not used.
 */
async function runFfprobe(start: Start, job: FfprobeJob): Promise<FfprobeAnswer> {
  job.signal?.throwIfAborted();
  const supervision = supervise(job.limits, job.signal);
  let stdout = '';
  let stderr = '';
  try {
    const child = spawn(start.path, job.arguments, spawnOptions(start, job));
    child.once('error', supervision.couldNotStart);
    supervision.take(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > maxProbeBytes) supervision.stop(tooMuchSaid());
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = tailOf(stderr + text);
    });
  } catch (error) {
    supervision.couldNotStart(error);
  }
  const ending = await supervision.gone;
  supervision.throwIfStopped();
  if (ending.exitCode === undefined) {
    throw translateFailure({ program: 'ffprobe', ...ending, stderrTail: stderr, limits: job.limits });
  }
  return { exitCode: ending.exitCode, stdout, stderrTail: stderr };
}

function tooMuchSaid(): AppError {
  return new AppError('converter_failed', 'The video describes itself at a length that is not believed.');
}

function tailOf(text: string): string {
  return text.slice(-stderrTailCharacters);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Every format that a command line names, as one that is there. */
function formatsNamedIn({ inputOptions, outputs }: FfmpegCommandLine): Formats {
  const lists = [inputOptions, ...outputs.map(({ options }) => options)];
  const names = lists.flatMap((list) => list.filter((_, index) => list[index - 1] === '-f'));
  return Object.fromEntries(names.map((name) => [name, { description: '', canDemux: true, canMux: true }]));
}

const noLines: LineRing = { get: () => '' };
/** The types ask for an Error where the library itself says null. */
const noError = null as unknown as Error;
