import { builtinModules } from 'node:module';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import {
  appFiles,
  developmentPolicy,
  launcherOutsideArchive,
  licences,
  sameOriginTags,
  threadBundle,
} from './app/bundle-plugins.ts';

const root = join(import.meta.dirname, '..');
const desktop = join(root, 'desktop');
const dist = join(root, 'dist');
/** Modules that the app's processes have at run time. */
const external = ['electron', /^node:/, ...builtinModules];

/** All three of the app's bundles, in one go: `vite build`. */
export default defineConfig({
  root: join(desktop, 'renderer'),
  base: './',
  plugins: [
    react(),
    sameOriginTags(),
    developmentPolicy(),
    launcherOutsideArchive(),
    threadBundle(),
    appFiles(),
    licences(),
  ],
  // The three bundles share each plugin's instance, so that one list collects the licences of all.
  builder: { sharedConfigBuild: true, sharedPlugins: true },
  // The page is read from disk, where one large file loads as fast as many.
  build: { outDir: join(dist, 'renderer'), emptyOutDir: true, chunkSizeWarningLimit: 5000 },
  environments: {
    main: {
      consumer: 'server',
      // fluent-ffmpeg looks for its presets, which we do not use, in __dirname. An ES module has no __dirname.
      define: { __dirname: 'import.meta.dirname' },
      resolve: { noExternal: true },
      build: {
        ssr: true,
        outDir: join(dist, 'main'),
        emptyOutDir: true,
        target: 'node24',
        minify: false,
        sourcemap: true,
        rolldownOptions: {
          input: {
            main: join(desktop, 'main', 'main.ts'),
            'backend-process': join(desktop, 'main', 'local-backend', 'backend-process.ts'),
            'store-thread': join(root, 'backend', 'adapters', 'embedded', 'store-thread.ts'),
          },
          external,
          output: { format: 'es', entryFileNames: '[name].js' },
        },
      },
    },
    preload: {
      consumer: 'server',
      resolve: { noExternal: true },
      build: {
        ssr: true,
        outDir: join(dist, 'preload'),
        emptyOutDir: true,
        target: 'chrome140',
        minify: false,
        rolldownOptions: {
          input: { preload: join(desktop, 'preload', 'preload.ts') },
          external,
          output: { format: 'cjs', entryFileNames: '[name].cjs' },
        },
      },
    },
  },
});
