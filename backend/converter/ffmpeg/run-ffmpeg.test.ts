import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { Containment, ProcessLimits } from './containment.ts';
import { locateFfmpeg } from './locate-ffmpeg.ts';
import { type Ffmpeg, type FfmpegJob, openFfmpeg } from './run-ffmpeg.ts';

const limits: ProcessLimits = { wallSeconds: 60, cpuSeconds: 60, memoryBytes: 2 ** 31, fileBytes: 2 ** 30 };
const ffmpegBinaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
/** Runs a shell instead of ffprobe, to see what a contained program sees. */
const shellInside = { ...ffmpegBinaries, ffprobe: '/bin/bash' };

let workFolder: string;

beforeEach(async () => {
  workFolder = await mkdtemp(join(tmpdir(), 'soundlift-run-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(workFolder, { recursive: true, force: true });
});

/** A job with endless audio. `outputs` decide where it goes. */
function endless(job: Partial<FfmpegJob> & Pick<FfmpegJob['commandLine'], 'outputs'>): FfmpegJob {
  const { outputs, ...rest } = job;
  const inputOptions = ['-nostdin', '-nostats', '-loglevel', 'level+warning', '-f', 'lavfi'];
  return { workFolder, limits, ...rest, commandLine: { inputOptions, input: 'anoisesrc=r=48000', outputs } };
}

const intoNothing = { to: 'nothing', options: ['-c:a', 'libmp3lame', '-f', 'null'] } as const;

async function inside(script: string, more: Partial<ProcessLimits> = {}): Promise<string> {
  const ffmpeg = await openFfmpeg(shellInside);
  const answer = await ffmpeg.probe({ workFolder, arguments: ['-c', script], limits: { ...limits, ...more } });
  return answer.stdout + answer.stderrTail;
}

/** All processes whose current folder is the work folder. No other process uses it. */
async function processesInWorkFolder(): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const folder = await readlink(join('/proc', entry, 'cwd')).catch(() => '');
    if (folder === workFolder) found.push(entry);
  }
  return found;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error('timed out');
    await sleep(20);
  }
}

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAppError(error)) throw new Error('expected an AppError', { cause: error });
  return error;
}

/** Whether this machine allows namespaces. A chroot and most containers do not. */
const namespaces =
  spawnSync('unshare', ['--user', '--map-root-user', '--net', '--pid', '--ipc', '--fork', 'true']).status === 0;
const onlyNamespacesMissing = /cannot ensure that it cannot reach the network and other processes$/;
const refuseNamespaces = 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" "$@"';

describe('a contained program', () => {
  test('is held by every step that this system supports', async () => {
    let sentence = '';
    await openFfmpeg(ffmpegBinaries, {
      onContained: (containment) => {
        sentence = containment.sentence;
      },
    });
    if (namespaces) expect(sentence).toBe('ffmpeg runs contained');
    else expect(sentence).toMatch(onlyNamespacesMissing);
  });

  test('is held no less if the system was short of processes at first', async () => {
    const launcher = join(workFolder, 'launcher');
    const isShort = join(workFolder, 'is-short');
    const ours = new URL('launch-ffmpeg.sh', import.meta.url).pathname;
    const shortage = `if [ -e '${isShort}' ]; then echo 'launch-ffmpeg.sh: 1: Cannot fork' >&2; exit 2; fi`;
    await writeFile(launcher, `#!/bin/sh\n${shortage}\nexec '${ours}' "$@"\n`, { mode: 0o755 });
    await writeFile(isShort, '');
    const found: string[] = [];
    const onContained = ({ sentence }: Containment): void => void found.push(sentence);
    const ffmpeg = await openFfmpeg(shellInside, { launcher, onContained });
    const job = { workFolder, arguments: ['-c', 'grep NoNewPrivs /proc/self/status'], limits };
    expect(await errorOf(ffmpeg.probe(job))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('too little memory left, or too many programs or files are open'),
    });
    await rm(isShort);
    const answers = await Promise.all([ffmpeg.probe(job), ffmpeg.probe(job)]);
    expect(answers.map(({ stdout }) => stdout)).toEqual(['NoNewPrivs:\t1\n', 'NoNewPrivs:\t1\n']);
    expect(found).toEqual([expect.stringMatching(namespaces ? /^ffmpeg runs contained$/ : onlyNamespacesMissing)]);
  });

  test('is held no less if no descriptor was free at first', async () => {
    const module = new URL('run-ffmpeg.ts', import.meta.url).href;
    const program = `
      import { closeSync, openSync } from 'node:fs';
      import { openFfmpeg } from ${JSON.stringify(module)};
      const onContained = ({ sentence }) => console.log(sentence);
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null', 'r')); } catch {}
      const ffmpeg = await openFfmpeg(${JSON.stringify(shellInside)}, { onContained });
      for (const descriptor of taken) closeSync(descriptor);
      await ffmpeg.probe(${JSON.stringify({ workFolder, arguments: ['-c', 'true'], limits })});
    `;
    const few = ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)('/bin/bash', few);
    expect(stdout.trimEnd()).toMatch(namespaces ? /^ffmpeg runs contained$/ : onlyNamespacesMissing);
  });

  test('is held by the other steps if namespaces are refused, and the sentence says so', async () => {
    const module = new URL('run-ffmpeg.ts', import.meta.url).href;
    const program = `
      import { openFfmpeg } from ${JSON.stringify(module)};
      const onContained = (containment) => console.log(JSON.stringify(containment));
      await openFfmpeg(${JSON.stringify(ffmpegBinaries)}, { onContained });
    `;
    const node = [process.execPath, '--input-type=module', '-e', program];
    const refuse = ['unshare', '--user', '--map-root-user', '--', '/bin/sh', '-c', refuseNamespaces];
    const [command = '', ...words] = namespaces ? [...refuse, ...node] : node;
    const { stdout } = await promisify(execFile)(command, words);
    const containment = JSON.parse(stdout) as Containment;
    expect(containment.steps).toEqual([
      'parent-death',
      'no-new-privileges',
      'no-capabilities',
      'limits',
      'memory-limit',
    ]);
    expect(containment.sentence).toMatch(onlyNamespacesMissing);
  });

  test('cannot reach the network', async () => {
    const server = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const script = `cat </dev/tcp/127.0.0.1/${(server.address() as AddressInfo).port}`;
    try {
      const uncontained = await openFfmpeg(shellInside, { launcher: join(workFolder, 'none') });
      const outside = await uncontained.probe({ workFolder, arguments: ['-c', script], limits });
      expect(outside.stdout).toBe('reached');
      // Otherwise the test above has checked that the sentence says so.
      if (namespaces) expect(await inside(script)).not.toContain('reached');
    } finally {
      server.close();
    }
  });

  test('does not see our environment, in its own or in our process', async () => {
    vi.stubEnv('SOUNDLIFT_TEST_SECRET', 'hush');
    const own = await inside('env');
    expect(own.split('\n').map((line) => line.split('=')[0])).not.toContain('CONTAINED_BINARY');
    expect(own).toContain('PATH=');
    expect(own).not.toContain('hush');
    expect(await inside(`cat /proc/${process.pid}/environ`)).toContain('Permission denied');
  });

  test('has no privileges and can gain none', async () => {
    const status = await inside('cat /proc/self/status');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`${set}:\t0+\n`));
    expect(status).toContain('NoNewPrivs:\t1\n');
  });

  test('cannot signal a process outside', async () => {
    const answer = await inside(`kill -0 ${process.pid}`);
    if (namespaces) expect(answer).toContain('No such process');
    else expect(answer).toBe('');
  });

  test('leaves no core dump and may open few files', async () => {
    expect(await inside('ulimit -c; ulimit -n')).toBe('0\n64\n');
  });

  test('gets no more memory than its limit', async () => {
    const script = 'head -c 600000000 /dev/zero | tail -c 500000000 | wc -c';
    expect(await inside(script)).toBe('500000000\n');
    expect(await inside(script, { memoryBytes: 300_000_000 })).toContain('memory exhausted');
  });
});

describe('ffmpeg', () => {
  async function open(): Promise<Ffmpeg> {
    return await openFfmpeg(ffmpegBinaries);
  }

  test('passes on every byte of audio and each log line', async () => {
    const ffmpeg = await open();
    let bytes = 0;
    const lines: string[] = [];
    await ffmpeg.run({
      workFolder,
      limits,
      commandLine: {
        inputOptions: ['-nostdin', '-loglevel', 'level+info', '-f', 'lavfi'],
        input: 'sine=r=48000:d=20',
        outputs: [
          { to: { file: 'a file.mp3' }, options: ['-metadata', 'title=two words', '-f', 'mp3'] },
          { to: 'sound', options: ['-f', 's16le'] },
        ],
      },
      onSound: (chunk) => {
        bytes += chunk.length;
      },
      onLine: (line) => lines.push(line),
    });
    expect(bytes).toBe(20 * 48000 * 2);
    expect((await stat(join(workFolder, 'a file.mp3'))).size).toBeGreaterThan(10_000);
    expect(lines.filter((line) => /TIT2 +: two words/.test(line))).not.toEqual([]);
  });

  test('does not inherit our environment', async () => {
    vi.stubEnv('SOUNDLIFT_TEST_SECRET', 'hush');
    const ffmpeg = await open();
    const abort = new AbortController();
    const running = errorOf(ffmpeg.run(endless({ outputs: [intoNothing], signal: abort.signal })));
    await until(async () => (await namesInWorkFolder()).includes('ffmpeg'));
    for (const id of await processesInWorkFolder()) {
      expect(await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')).not.toContain('hush');
    }
    abort.abort(new AppError('cancelled', 'Enough.'));
    await running;
  });

  test('has ended when an abort rejects with its reason', async () => {
    const ffmpeg = await open();
    const abort = new AbortController();
    const reason = new AppError('cancelled', 'Enough.');
    const running = errorOf(ffmpeg.run(endless({ outputs: [intoNothing], signal: abort.signal })));
    await until(async () => (await namesInWorkFolder()).includes('ffmpeg'));
    abort.abort(reason);
    expect(await running).toBe(reason);
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('does not receive the Ctrl-C that is meant for the service', async () => {
    const ffmpeg = await open();
    const abort = new AbortController();
    const running = errorOf(ffmpeg.run(endless({ outputs: [intoNothing], signal: abort.signal })));
    await until(async () => (await namesInWorkFolder()).includes('ffmpeg'));
    const ids = [process.pid, ...(await processesInWorkFolder())];
    const groups = await Promise.all(ids.map(async (id) => (await readFile(`/proc/${id}/stat`, 'utf8')).split(' ')[4]));
    expect(groups.slice(1)).not.toContain(groups[0]);
    abort.abort(new AppError('cancelled', 'Enough.'));
    await running;
  });

  test('is not started after an abort', async () => {
    const ffmpeg = await open();
    const signal = AbortSignal.abort(new AppError('cancelled', 'Enough.'));
    expect((await errorOf(ffmpeg.run(endless({ outputs: [intoNothing], signal })))).code).toBe('cancelled');
  });

  test('is killed by an abort at the moment of its start', async () => {
    const ffmpeg = await open();
    for (let milliseconds = 0; milliseconds < 40; milliseconds += 1) {
      const abort = new AbortController();
      const running = errorOf(ffmpeg.run(endless({ outputs: [intoNothing], signal: abort.signal })));
      await sleep(milliseconds);
      abort.abort(new AppError('cancelled', 'Enough.'));
      expect((await running).code).toBe('cancelled');
    }
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('is killed when its time is over', async () => {
    const ffmpeg = await open();
    const job = endless({ outputs: [intoNothing], limits: { ...limits, wallSeconds: 1 } });
    const error = await errorOf(ffmpeg.run(job));
    expect(error).toMatchObject({ code: 'timed_out', details: { limitSeconds: 1 } });
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('is killed when its CPU time is used up', async () => {
    const ffmpeg = await open();
    const job = endless({ outputs: [intoNothing], limits: { ...limits, cpuSeconds: 1 } });
    expect(await errorOf(ffmpeg.run(job))).toMatchObject({ code: 'timed_out', details: { limitSeconds: 1 } });
  });

  test('writes no file larger than its limit', async () => {
    const ffmpeg = await open();
    const outputs = [{ to: { file: 'sound.mp3' }, options: ['-f', 'mp3'] }] as const;
    const error = await errorOf(ffmpeg.run(endless({ outputs, limits: { ...limits, fileBytes: 100_352 } })));
    expect(error).toMatchObject({ code: 'converter_failed', details: { limitBytes: 100_352 } });
    expect((await stat(join(workFolder, 'sound.mp3'))).size).toBeLessThanOrEqual(100_352);
  });

  test('reports a full disk', async () => {
    const ffmpeg = await open();
    const outputs = [{ to: { file: '/dev/full' }, options: ['-f', 'mp3'] }] as const;
    const error = await errorOf(ffmpeg.run(endless({ outputs })));
    expect(error.code).toBe('disk_full');
    expect(String(error.cause)).toContain('No space left on device');
  });

  test('reports a disk that became full at the very end, where ffmpeg 5.1 exits with 0', async () => {
    const ffmpeg = await open();
    const outputs = [{ to: { file: '/dev/full' }, options: ['-t', '0.5', '-f', 'mp3'] }] as const;
    expect((await errorOf(ffmpeg.run(endless({ outputs })))).code).toBe('disk_full');
  });

  test('is killed if a listener throws, and rejects with that error', async () => {
    const ffmpeg = await open();
    const reason = new AppError('too_long', 'Too long.');
    const job = endless({
      outputs: [{ to: 'sound', options: ['-f', 's16le'] }],
      onSound: () => {
        throw reason;
      },
    });
    expect(await errorOf(ffmpeg.run(job))).toBe(reason);
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('keeps its last log lines as the cause of a failure', async () => {
    const ffmpeg = await open();
    const outputs = [{ to: { file: 'sound.mp3' }, options: ['-c:a', 'nosuchcodec', '-f', 'mp3'] }] as const;
    const error = await errorOf(ffmpeg.run(endless({ outputs })));
    expect(error.code).toBe('converter_failed');
    expect(String(error.cause)).toContain("Unknown encoder 'nosuchcodec'");
  });

  test('rejects with an AppError if it cannot be started', async () => {
    const launcher = join(workFolder, 'launcher');
    await writeFile(launcher, '#!/nowhere/sh\n');
    await chmod(launcher, 0o755);
    const ffmpeg = await openFfmpeg(ffmpegBinaries, { launcher });
    const error = await errorOf(ffmpeg.run(endless({ outputs: [intoNothing] })));
    expect(error.code).toBe('converter_failed');
    expect(error.message).toBe('The converter could not be started.');
    expect((await errorOf(ffmpeg.probe({ workFolder, arguments: [], limits }))).code).toBe('converter_failed');
  });

  test('runs without the launcher if there is none, without our environment', async () => {
    vi.stubEnv('SOUNDLIFT_TEST_SECRET', 'hush');
    let containment: Containment | undefined;
    const onContained = (found: Containment): void => {
      containment = found;
    };
    const ffmpeg = await openFfmpeg(shellInside, { launcher: join(workFolder, 'none'), onContained });
    expect(containment).toMatchObject({ complete: false, steps: [] });
    const { stdout } = await ffmpeg.probe({ workFolder, arguments: ['-c', 'env'], limits });
    expect(stdout).not.toContain('hush');
    const outputs = [{ to: 'nothing', options: ['-t', '1', '-f', 'null'] }] as const;
    await ffmpeg.run(endless({ outputs }));
  });
});

describe('ffprobe', () => {
  test('answers with any exit code', async () => {
    const ffmpeg = await openFfmpeg(shellInside);
    const answer = await ffmpeg.probe({ workFolder, arguments: ['-c', 'echo out; echo err >&2; exit 3'], limits });
    expect(answer).toEqual({ exitCode: 3, stdout: 'out\n', stderrTail: 'err\n' });
  });

  test('is waited for until the output of its children has ended', async () => {
    const ffmpeg = await openFfmpeg(shellInside, { launcher: join(workFolder, 'none') });
    const script = '(sleep 0.3; echo late) & exit 0';
    expect((await ffmpeg.probe({ workFolder, arguments: ['-c', script], limits })).stdout).toBe('late\n');
  });

  test('is killed by an abort, and when its time is over', async () => {
    const ffmpeg = await openFfmpeg(shellInside);
    const job = { workFolder, arguments: ['-c', 'sleep 100'], limits: { ...limits, wallSeconds: 1 } };
    expect((await errorOf(ffmpeg.probe(job))).code).toBe('timed_out');
    const signal = AbortSignal.timeout(100);
    await expect(ffmpeg.probe({ ...job, limits, signal })).rejects.toThrow(/aborted due to timeout/);
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('is killed if its output is too long', async () => {
    const ffmpeg = await openFfmpeg(shellInside);
    const error = await errorOf(ffmpeg.probe({ workFolder, arguments: ['-c', 'yes'], limits }));
    expect(error.code).toBe('converter_failed');
    const { stderrTail } = await ffmpeg.probe({ workFolder, arguments: ['-c', 'seq 1000000 >&2'], limits });
    expect(stderrTail).toMatch(/\n1000000\n$/);
    expect(stderrTail.length).toBeLessThan(10_000);
  });
});

describe('if the service is killed', () => {
  /** Starts a separate service that runs ffmpeg until it is killed. `steps` says how ffmpeg is contained. */
  function startService(steps: 'as found' | 'watched'): ReturnType<typeof spawn> {
    const module = new URL('run-ffmpeg.ts', import.meta.url).href;
    const job = JSON.stringify(endless({ outputs: [intoNothing] }));
    const launcher = steps === 'watched' ? JSON.stringify({ launcher: join(workFolder, 'watched') }) : '{}';
    const program = `
      import { openFfmpeg } from ${JSON.stringify(module)};
      const ffmpeg = await openFfmpeg(${JSON.stringify(ffmpegBinaries)}, ${launcher});
      await ffmpeg.run(${job});
    `;
    return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  }

  test('with kill -9, ffmpeg ends with it', async () => {
    const service = startService('as found');
    await until(async () => (await namesInWorkFolder()).includes('ffmpeg'));
    service.kill('SIGKILL');
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test('ffmpeg ends within seconds without the kernel’s help', async () => {
    const launcher = join(workFolder, 'watched');
    const ours = new URL('launch-ffmpeg.sh', import.meta.url).pathname;
    // Refuses the steps that macOS does not support.
    const refusal = 'case "$CONTAINED_BY" in *parent-death* | *namespaces*) exit 1 ;; esac';
    await writeFile(launcher, `#!/bin/sh\n${refusal}\nexec '${ours}' "$@"\n`);
    await chmod(launcher, 0o755);
    const service = startService('watched');
    await until(async () => {
      const names = await namesInWorkFolder();
      return names.includes('ffmpeg') && names.includes('sleep');
    });
    service.kill('SIGKILL');
    await until(async () => (await processesInWorkFolder()).length === 0);
  });

  test.each(['started', 'tied', 'inside'])('before ffmpeg is tied to it, ffmpeg is not started (%s)', async (stage) => {
    const ours = new URL('launch-ffmpeg.sh', import.meta.url).pathname;
    const env = { PATH: '/usr/bin:/bin', CONTAINED_BY: '', CONTAINED_BINARY: '/bin/echo', CONTAINED_STAGE: stage };
    for (const [parent, expected] of [
      [process.pid, 'alive\n'],
      [1, ''],
    ] as const) {
      const launched = spawn(ours, ['alive'], { env: { ...env, CONTAINED_PARENT: String(parent) } });
      let said = '';
      launched.stdout.on('data', (text) => {
        said += String(text);
      });
      await once(launched, 'close');
      expect(said).toBe(expected);
    }
  });
});

async function namesInWorkFolder(): Promise<string[]> {
  const ids = await processesInWorkFolder();
  const names = await Promise.all(ids.map((id) => readFile(`/proc/${id}/comm`, 'utf8').catch(() => '')));
  return names.map((name) => name.trim());
}
