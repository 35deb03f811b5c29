import { builtinModules } from 'node:module';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { appFiles, developmentPolicy, launcherOutsideArchive, licences, sameOriginTags } from './app/bundle-plugins.ts';

const root = join(import.meta.dirname, '..');
const desktop = join(root, 'desktop');
const dist = join(root, 'dist');
/** What the app's processes find without us. */
const external = ['electron', /^node:/, ...builtinModules];

/** All three of the app's bundles, in one go: `vite build`. */
export default defineConfig({
  root: join(desktop, 'renderer'),
  base: './',
  plugins: [react(), sameOriginTags(), developmentPolicy(), launcherOutsideArchive(), appFiles(), licences()],
  // One instance of each plugin for all three, so that the licences of all come together.
  builder: { sharedConfigBuild: true, sharedPlugins: true },
  // From a disk, one large file is as good as many.
  build: { outDir: join(dist, 'renderer'), emptyOutDir: true, chunkSizeWarningLimit: 5000 },
  environments: {
    main: {
      consumer: 'server',
      // fluent-ffmpeg looks beside itself for presets, which are not used here; a module has no such name.
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
