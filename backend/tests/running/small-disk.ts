import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Enough for every test, and few enough to take them all. */
const maxFiles = 500;

/** A small file system in memory, which a test can fill. */
export interface SmallDisk extends AsyncDisposable {
  /** Where programs that `launcher` starts find it. */
  readonly path: string;
  /** Where this process finds it. */
  readonly here: string;
  /** The words before a command line, so that the program sees the disk. Empty if every program does. */
  readonly launcher: readonly string[];
  freeBytes(): Promise<number>;
  /** Takes all space but this many bytes, as another program would. */
  fill(leftBytes?: number): Promise<void>;
  /** Gives the taken space back. */
  empty(): Promise<void>;
  /** Takes all further files, whatever space is left. */
  fillWithFiles(): Promise<void>;
  /** Makes it read-only, as a system does after an error of the disk. Nothing may have a file of it open for writing. */
  makeReadOnly(): Promise<void>;
}

/**
 * Only root can mount a file system for all programs. Anybody else can do so for the programs in a namespace. Throws if the system
 * allows neither.
 */
export async function openSmallDisk(bytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'soundlift-disk-'));
  const mount = ['mount', '-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${maxFiles},mode=0700`, 'none', path] as const;
  const isRoot = process.getuid?.() === 0;
  const holder = isRoot ? undefined : await holdNamespace(mount);
  if (isRoot) await run(mount[0], mount.slice(1));
  const here = holder === undefined ? path : `/proc/${holder.pid}/root${path}`;
  const filler = join(here, 'filler');
  const launcher =
    holder === undefined
      ? []
      : ['nsenter', '--preserve-credentials', '--user', '--mount', '--target', String(holder.pid), '--'];

  return {
    path,
    here,
    launcher,

    async freeBytes() {
      const { bavail, bsize } = await statfs(here);
      return bavail * bsize;
    },

    async fill(leftBytes = 0) {
      await using file = await open(filler, 'a');
      const chunk = Buffer.alloc(256 * 1024, 1);
      for (let size = chunk.byteLength; size >= 4096; ) {
        const { bavail, bsize } = await statfs(here);
        const wanted = Math.min(size, bavail * bsize - leftBytes);
        if (wanted <= 0 && leftBytes > 0) return;
        const written = await file.write(chunk, 0, Math.max(wanted, 4096)).catch((error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return undefined;
          throw error;
        });
        if (written === undefined) size /= 2;
      }
    },

    empty: () => rm(filler, { force: true }),

    async fillWithFiles() {
      const { ffree } = await statfs(here);
      const folder = await mkdtemp(join(here, 'files-'));
      for (let number = 1; number < ffree; number += 1) await writeFile(join(folder, String(number)), '');
    },

    async makeReadOnly() {
      const [first, ...words] = [...launcher, 'mount', '-o', 'remount,ro', path];
      await run(first, words);
    },

    async [Symbol.asyncDispose]() {
      if (holder === undefined) await run('umount', ['--lazy', path]);
      else holder.kill('SIGKILL');
      await rmdir(path);
    },
  };
}

/** A process that keeps a namespace with the mount. It ends with this process. */
async function holdNamespace(mount: readonly string[]): Promise<ChildProcess> {
  const script = `${mount.join(' ')} && echo mounted && exec sleep infinity`;
  const holder = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', 'unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let words = '';
  holder.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    words += chunk;
  });
  const mounted = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close').then(() => undefined)]);
  if (mounted === undefined) {
    throw new Error(
      `This test needs a small disk. Run it as root, or allow user namespaces. The system said: ${words}`,
    );
  }
  return holder;
}
