import { type ChildProcess, type ExecFileException, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ffmpegCommand, { type FfmpegCommand, type Formats } from 'fluent-ffmpeg';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { sayShared } from '../../../shared/words/say.ts';
import {
  type Containment,
  type ContainmentStep,
  launcherEnvironment,
  noContainment,
  type ProcessLimits,
  tryContainment,
} from './containment.ts';
import { isShortage, tellsOfFailedWrite, translateFailure } from './ffmpeg-failure.ts';
import type { FfmpegBinaries } from './locate-ffmpeg.ts';
import { supervise } from './supervise-process.ts';

/** One command line, split as fluent-ffmpeg needs it. File names are relative to the work folder. */
export interface FfmpegCommandLine {
  readonly inputOptions: readonly string[];
  readonly input: string;
  readonly outputs: readonly FfmpegOutput[];
}

export interface FfmpegOutput {
  readonly options: readonly string[];
  /** A file, nothing, or the program's standard output (`sound`), which at most one output may use. */
  readonly to: { readonly file: string } | 'nothing' | 'sound';
}

export interface FfmpegJob {
  readonly workFolder: string;
  readonly commandLine: FfmpegCommandLine;
  readonly limits: ProcessLimits;
  /** Called for each line of standard error. */
  readonly onLine?: (line: string) => void;
  /** Called for each chunk of standard output, in order. An exception from it ends the run. */
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
  /** The last lines of standard error. */
  readonly stderrTail: string;
}

/**
 * The two programs, contained. Both methods reject with the signal's reason on an abort, with `timed_out` if a time
 * limit is reached, and with the error of {@link translateFailure} on any other failure. They settle only after the
 * process has ended. While the system is too short of something to find out how it contains programs, they reject with `unavailable`.
 */
export interface Ffmpeg {
  /** Resolves when ffmpeg has exited with 0 and all of its output was passed on. */
  run(job: FfmpegJob): Promise<void>;
  /** Resolves with any exit code of ffprobe. */
  probe(job: FfprobeJob): Promise<FfprobeAnswer>;
}

const execute = promisify(execFile);
const ourLauncher = fileURLToPath(new URL('launch-ffmpeg.sh', import.meta.url));
/** How much of standard error is kept for the log. */
const stderrTailLines = 40;
const stderrTailCharacters = 8192;
/** Far more than the description of a thousand tracks. */
const maxProbeBytes = 16 << 20;

export interface FfmpegOptions {
  readonly launcher?: string;
  /** Called once it is known how the programs are contained. */
  readonly onContained?: (containment: Containment) => void;
}

/**
 * Finds out how far this system can contain the programs, and returns the programs contained so. If the system is too short of something
 * for that, the first job that can be started finds out: a shortage that passes must not weaken the containment.
 */
export async function openFfmpeg(
  binaries: FfmpegBinaries,
  { launcher = ourLauncher, onContained }: FfmpegOptions = {},
): Promise<Ffmpeg> {
  const launches = process.platform !== 'win32' && (await isExecutable(launcher));
  let found: Promise<Containment> | undefined;

  async function findContainment(): Promise<Containment> {
    try {
      const containment = launches
        ? await tryContainment((steps) => holds(launcher, steps), { root: process.getuid?.() === 0 })
        : noContainment;
      onContained?.(containment);
      return containment;
    } catch (error) {
      found = undefined;
      throw error;
    }
  }

  async function start(program: string, limits: ProcessLimits): Promise<Start> {
    found ??= findContainment();
    const { steps } = await found;
    return launches
      ? { path: launcher, environment: launcherEnvironment(program, steps, limits) }
      : { path: program, environment: { LANG: 'C' } };
  }

  found = findContainment();
  await found.catch((error: unknown) => {
    if (!isAppError(error, 'unavailable')) throw error;
  });
  return {
    run: async (job) => await runFfmpeg(await start(binaries.ffmpeg, job.limits), job),
    probe: async (job) => await runFfprobe(await start(binaries.ffprobe, job.limits), job),
  };
}

/** The path to start instead of a program, and its complete environment. */
interface Start {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Whether a program starts with these steps and sees its limits. Throws `unavailable` if the system is too short of something to tell. */
async function holds(launcher: string, steps: readonly ContainmentStep[]): Promise<boolean> {
  const limits: ProcessLimits = { wallSeconds: 10, cpuSeconds: 10, memoryBytes: 1 << 30, fileBytes: 1 << 20 };
  const env = launcherEnvironment('/bin/sh', steps, limits);
  const options = { env, timeout: limits.wallSeconds * 1000, killSignal: 'SIGKILL' } as const;
  try {
    const { stdout } = await execute(launcher, ['-c', 'ulimit -t; ulimit -f; ulimit -v'], options);
    const [cpu, file, memory] = stdout.split('\n').map((line) => /^\d+$/.test(line));
    const limited = !steps.includes('limits') || (cpu === true && file === true);
    return limited && (!steps.includes('memory-limit') || memory === true);
  } catch (error) {
    const { killed, stderr = '' } = error as ExecFileException;
    // The program does nothing that takes long. If it ran out of time, the computer is too busy.
    if (killed === true || isShortage({ startError: error, stderrTail: stderr })) {
      throw new AppError('unavailable', sayShared('failScarce'), { cause: error });
    }
    return false;
  }
}

/**
 * The undocumented part of fluent-ffmpeg that we need. The library has no way to set the environment. If a program
 * cannot be started, the library throws where nobody can catch it, because it reads the output of a process that does
 * not exist. Both are fixed in the one method that starts processes; its options go to `spawn` unchanged. The package
 * is archived, so this will not change.
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
  // Without this, the library would start ffmpeg twice before the first run to ask for its formats and encoders. If one
  // is missing, ffmpeg reports it.
  command.availableFormats = (callback) => callback(noError, formatsNamedIn(job.commandLine));
  command.availableEncoders = (callback) => callback(noError, {});
  const supervision = supervise(job.limits, job.signal);
  const sink = soundSink((chunk) => {
    supervision.heard();
    job.onSound?.(chunk);
  });
  fill(command, job.commandLine, sink);

  const internals = command as unknown as FluentInternals;
  const spawnFfmpeg = internals._spawnFfmpeg.bind(command);
  internals._spawnFfmpeg = (args, options, onProcess, onEnd) => {
    let hasEnded = false;
    const ended: typeof onEnd = (error, stdout = noLines, stderr = noLines) => {
      if (hasEnded) return;
      hasEnded = true;
      if (error !== null) supervision.couldNotStart(error);
      onEnd(error, stdout, stderr);
    };
    const taken: typeof onProcess = (child, stdout, stderr) => {
      supervision.take(child);
      onProcess(child, stdout, stderr);
    };
    const mended: SpawnOptions = { ...options, ...spawnOptions(start, job) };
    try {
      // The library stores the path globally, so it is set right before the call, with no await in between.
      command.setFfmpegPath(start.path);
      spawnFfmpeg(args, mended, taken, ended);
    } catch (error) {
      // Without descriptors, the process has no output to read, which is what the library throws about. The reason comes first, as an event.
      setImmediate(ended, error instanceof Error ? error : new Error(String(error)));
    }
  };

  const said = new Promise<{ readonly failed: boolean; readonly stderr: string }>((resolve) => {
    command.on('end', (_stdout, stderr) => resolve({ failed: false, stderr: stderr ?? '' }));
    command.on('error', (error, _stdout, stderr) => {
      // Also called for errors that the library finds before it starts anything.
      supervision.couldNotStart(error);
      resolve({ failed: true, stderr: stderr ?? '' });
    });
  });
  let failedToWrite = false;
  command.on('stderr', (line) => {
    supervision.heard();
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
    // Its own process group, so that all of it can be killed at once, and so that a Ctrl-C in the terminal does not
    // reach it: the service decides what happens to a conversion.
    detached: process.platform !== 'win32',
  };
}

/**
 * Fills in the command line. fluent-ffmpeg splits an option at spaces if it is the only one, and leaves several as they
 * are.
 */
function fill(command: FfmpegCommand, commandLine: FfmpegCommandLine, sink: Writable): void {
  command.input(commandLine.input).inputOptions(...commandLine.inputOptions);
  for (const { options, to } of commandLine.outputs) {
    if (to === 'sound') command.output(sink);
    else command.output(to === 'nothing' ? '-' : to.file);
    command.outputOptions(...options);
  }
}

/** Passes on each chunk synchronously, so that nothing is pending once the process has ended. */
function soundSink(onSound: NonNullable<FfmpegJob['onSound']>): Writable {
  return new Writable({
    // If it were closed, fluent-ffmpeg would kill a process that is about to end by itself.
    autoDestroy: false,
    emitClose: false,
    write(chunk: Uint8Array, _encoding, done) {
      try {
        onSound(chunk);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

/**
 * Runs ffprobe. fluent-ffmpeg's own ffprobe is not used: it has no cancel, no limit of time or output, and no option
 * for the folder or environment.
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
    // If it could not be started, it may have no output to read.
    if (child.pid !== undefined) {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (stdout.length > maxProbeBytes) supervision.stop(tooMuchSaid());
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = tailOf(stderr + text);
      });
    }
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
  return new AppError('converter_failed', sayShared('failFacts'));
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

/** The formats that a command line names, all marked as available. */
function formatsNamedIn({ inputOptions, outputs }: FfmpegCommandLine): Formats {
  const lists = [inputOptions, ...outputs.map(({ options }) => options)];
  const names = lists.flatMap((list) => list.filter((_, index) => list[index - 1] === '-f'));
  return Object.fromEntries(names.map((name) => [name, { description: '', canDemux: true, canMux: true }]));
}

const noLines: LineRing = { get: () => '' };
/** The types require an Error where the library passes null. */
const noError = null as unknown as Error;
