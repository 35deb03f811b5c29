// npm run dev [-- FILE…]: runs the app during development. A change of the page shows at once. After a change of main or preload, the app is
// built and started again.
import type { ChildProcess } from 'node:child_process';
import { createBuilder, createServer } from 'vite';
import { SetUpError, say } from '../set-up/say.mjs';
import { viteConfig } from './bundles.ts';
import { findElectron } from './electron-binary.ts';
import { endApp, onEnd, startApp } from './run-app.ts';

/** The part of vite's watcher that we use. Its own type is one of a union. */
interface Watcher {
  on(event: 'event', listener: (event: { readonly code: string; readonly error?: unknown }) => void): void;
  close(): Promise<void>;
}

/** Editors often save several files at once. */
const settleMilliseconds = 150;

async function watch(name: 'main' | 'preload', onBuilt: () => void): Promise<Watcher> {
  const builder = await createBuilder({
    configFile: viteConfig,
    logLevel: 'warn',
    // Not emptied, because the app may start at any moment.
    environments: { [name]: { build: { watch: {}, emptyOutDir: false } } },
  });
  const environment = builder.environments[name];
  if (environment === undefined) throw new Error(`vite.config.ts has no environment ${name}`);
  const watcher = (await builder.build(environment)) as unknown as Watcher;
  await new Promise<void>((resolve) => {
    watcher.on('event', (event) => {
      if (event.code === 'ERROR') say(event.error instanceof Error ? event.error.message : String(event.error));
      if (event.code !== 'END') return;
      resolve();
      onBuilt();
    });
  });
  return watcher;
}

async function develop(): Promise<void> {
  const binary = await findElectron();
  const server = await createServer({ configFile: viteConfig, logLevel: 'warn' });
  await server.listen();
  const [pageUrl] = server.resolvedUrls?.local ?? [];
  if (pageUrl === undefined) throw new SetUpError('The development server of the page has no address.');

  let app: ChildProcess | undefined;
  let isBuilt = false;
  let isEnding = false;
  let settling: NodeJS.Timeout | undefined;

  const start = (): void => {
    const started = startApp(binary, process.argv.slice(2), pageUrl);
    app = started;
    started.once('exit', (code) => {
      // We ended it to start the next one.
      if (app !== started || isEnding) return;
      app = undefined;
      if (code === 0) void end();
      else say('The app has ended with an error; it is started again with the next change.');
    });
  };
  const restart = (): void => {
    clearTimeout(settling);
    // The first start needs both.
    if (!isBuilt) return;
    settling = setTimeout(() => {
      const old = app;
      app = undefined;
      void (old === undefined ? Promise.resolve() : endApp(old)).then(() => {
        if (!isEnding && app === undefined) start();
      });
    }, settleMilliseconds);
  };
  const watchers = await Promise.all([watch('main', restart), watch('preload', restart)]);
  const end = async (): Promise<void> => {
    isEnding = true;
    if (app !== undefined) await endApp(app);
    await Promise.all([server.close(), ...watchers.map((watcher) => watcher.close())]);
    process.exit(0);
  };
  onEnd(() => void end());
  isBuilt = true;
  start();
}

try {
  await develop();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
