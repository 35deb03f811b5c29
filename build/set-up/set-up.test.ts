import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Clone, makeClone } from './clone-for-tests.ts';

const sayWho = "console.log('node', process.execPath)";
const packagesOnly = (...words: readonly string[]) => ['--packages-only', ...words];

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20);
}

describe.concurrent('set-up installs the packages', () => {
  it('in a fresh clone, and then runs the script on the pinned Node', async () => {
    await using clone = await makeClone();
    const { code, stdout, stderr } = await clone.start(packagesOnly(await clone.script(sayWho))).end;
    expect(stdout).toBe(`node ${process.execPath}\n`);
    expect(stderr).toMatch(/^Installing the packages .*\n$/);
    expect(code).toBe(0);
  });

  it('once: a second run says nothing', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    const second = await clone.start(packagesOnly(script)).end;
    expect(second.stderr).toBe('');
    expect(await clone.installations()).toEqual({ begun: 1, ended: 1 });
  });

  it('again when package-lock.json names others', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    await clone.lockVersion('1.0.1');
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 2, ended: 2 });
  });

  it('again when the folder of one has gone', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    await rm(join(clone.folder, 'node_modules', 'other'), { recursive: true });
    await clone.start(packagesOnly(script)).end;
    expect(await clone.installations()).toEqual({ begun: 2, ended: 2 });
  });

  it('not where npm was run by hand', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    await clone.lockVersion('1.0.1');
    const note = await readFile(join(clone.folder, 'package-lock.json'));
    await writeFile(join(clone.folder, 'node_modules', '.package-lock.json'), note);
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 1, ended: 1 });
  });

  it('again where they were installed on another kind of machine', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    // A container that shares the clone with its host finds this.
    await writeFile(join(clone.folder, 'node_modules', '.set-up'), 'of another machine');
    const node = join(clone.folder, 'node_modules', 'node', 'bin', 'node');
    await rm(node);
    await writeFile(node, 'of another machine', { mode: 0o755 });
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 2, ended: 2 });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('again after an installation that %s interrupted', async (signal) => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    const first = clone.start(packagesOnly(script), { environment: { NPM_MILLISECONDS: '20000' } });
    await waitUntil(async () => (await clone.installations()).begun === 1);
    process.kill(-(first.child.pid ?? 0), signal);
    expect(await first.end).toMatchObject(signal === 'SIGTERM' ? { code: 143 } : { signal });
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 2, ended: 1 });
  });

  it('again after one that failed, though package-lock.json is what it was', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    await clone.start(packagesOnly(script)).end;
    await clone.lockVersion('1.0.1');
    await clone.start(packagesOnly(script), { environment: { NPM_FAILS: '1' } }).end;
    await clone.lockVersion('1.0.0');
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 3, ended: 2 });
  });

  it('once for two that start together, and both run', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    const slowly = { environment: { NPM_MILLISECONDS: '1000' } };
    const both = [clone.start(packagesOnly(script), slowly), clone.start(packagesOnly(script), slowly)];
    const ends = await Promise.all(both.map(({ end }) => end));
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(ends.map(({ stderr }) => stderr).join('')).toContain('Waiting for another set-up in this folder');
    expect(await clone.installations()).toEqual({ begun: 1, ended: 1 });
  });

  it('not beside an npm that has outlived its set-up', async () => {
    await using clone = await makeClone();
    const script = await clone.script(sayWho);
    const first = clone.start(packagesOnly(script), { environment: { NPM_MILLISECONDS: '1500' } });
    await waitUntil(async () => (await clone.installations()).begun === 1);
    first.child.kill('SIGKILL');
    expect((await clone.start(packagesOnly(script)).end).code).toBe(0);
    expect(await clone.installations()).toEqual({ begun: 1, ended: 1 });
    await first.end;
  });

  it('in a folder with quotes, spaces and a newline in its name', async () => {
    await using strange = await makeClone(`so "und'lift%20?#\nx`);
    const { code, stdout } = await strange.start(packagesOnly(await strange.script(sayWho))).end;
    expect(code).toBe(0);
    expect(stdout).toBe(`node ${process.execPath}\n`);
  });

  it('and leaves nothing else in the clone', async () => {
    await using clone = await makeClone();
    const before = await readdir(clone.folder);
    await clone.start(packagesOnly(await clone.script(sayWho))).end;
    expect((await readdir(clone.folder)).toSorted()).toEqual(
      [...before, 'node_modules', 'npm.log', 'script.mjs'].toSorted(),
    );
  });
});

describe.concurrent('set-up gives up with a sentence', () => {
  it('when npm fails, and does not run the script', async () => {
    await using clone = await makeClone();
    const end = await clone.start(packagesOnly(await clone.script(sayWho)), { environment: { NPM_FAILS: '1' } }).end;
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('The packages could not be installed; what npm said about it is above.');
  });

  it('when another Node arrives than the pinned one', async () => {
    await using clone = await makeClone();
    const environment = { NPM_NODE: '/bin/true' };
    const end = await clone.start(packagesOnly(await clone.script(sayWho)), { environment }).end;
    expect(end.code).toBe(1);
    expect(end.stderr).toContain(`Node ${process.version.slice(1)} did not arrive with the packages`);
  });

  it('when ffmpeg is missing and may not be installed, before it installs anything', async () => {
    await using clone = await makeClone();
    const end = await clone.start([await clone.script(sayWho)], { environment: { PATH: '', FFMPEG_PATH: '' } }).end;
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/^Soundlift needs ffmpeg, which this machine lacks: .*\n$/);
    expect(await clone.installations()).toEqual({ begun: 0, ended: 0 });
  });

  it('when FFMPEG_PATH names nothing, whatever the PATH holds', async () => {
    await using clone = await makeClone();
    const end = await clone.start([await clone.script(sayWho)], { environment: { FFMPEG_PATH: '/no/such/ffmpeg' } })
      .end;
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/^FFMPEG_PATH names \/no\/such\/ffmpeg, where no program can be run/);
  });

  it('when it is given no script', async () => {
    await using clone = await makeClone();
    expect((await clone.start([]).end).stderr).toMatch(/^Usage: /);
  });
});

describe.concurrent('the script', () => {
  const start = async (clone: Clone, code: string, words: readonly string[] = [], initialFolder?: string) => {
    // Install first, so that a test waits only for its script.
    await clone.start(packagesOnly(await clone.script(''))).end;
    const environment = { npm_lifecycle_event: undefined, INIT_CWD: initialFolder };
    return clone.start(packagesOnly(await clone.script(code), ...words), { environment });
  };

  it('is given its arguments as they are', async () => {
    await using clone = await makeClone();
    const words = ['a b', '"', "'", 'new\nline', '--', '-x.mp4', '--for-tests', '', '$HOME', '%PATH%'];
    const { stdout } = await (await start(clone, 'console.log(JSON.stringify(process.argv.slice(2)))', words)).end;
    expect(JSON.parse(stdout)).toEqual(words);
  });

  it('keeps INIT_CWD, and finds our programs first', async () => {
    await using clone = await makeClone();
    const code = 'console.log(JSON.stringify([process.env.INIT_CWD, process.env.PATH]))';
    const { stdout } = await (await start(clone, code, [], '/where/npm was run')).end;
    const bin = join(clone.folder, 'node_modules', '.bin');
    expect(JSON.parse(stdout)).toEqual(['/where/npm was run', expect.stringMatching(`^${bin}${delimiter}`)]);
  });

  it('hands on its exit code', async () => {
    await using clone = await makeClone();
    expect(await (await start(clone, 'process.exit(7)')).end).toMatchObject({ code: 7, signal: null });
  });

  it('hands on the signal that ended it', async () => {
    await using clone = await makeClone();
    expect(await (await start(clone, "process.kill(process.pid, 'SIGKILL')")).end).toMatchObject({ signal: 'SIGKILL' });
  });

  const countSignals = `
    let count = 0;
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
      count++;
      console.log(signal, count);
      // A second one would come at once.
      if (count === 1) setTimeout(() => process.exit(count), 1000);
    });
    setInterval(() => {}, 1000);
    console.log('ready');`;

  it.each(['SIGINT', 'SIGTERM'] as const)('hears of a %s that is sent to set-up alone', async (signal) => {
    await using clone = await makeClone();
    const { child, says, end } = await start(clone, countSignals);
    await says('ready');
    child.kill(signal);
    expect(await end).toMatchObject({ code: 1, stdout: `ready\n${signal} 1\n` });
  });

  it('can end itself by the signal that it was sent', async () => {
    await using clone = await makeClone();
    const { child, says, end } = await start(
      clone,
      `
      process.once('SIGTERM', () => process.kill(process.pid, 'SIGTERM'));
      setInterval(() => {}, 1000);
      console.log('ready');`,
    );
    await says('ready');
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ signal: 'SIGTERM' });
  });
});
