import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { drawAppIcons, drawTrayImages } from '../icons/draw-icons.ts';
import { licencesText, packageFolderOf } from './licences.ts';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

const insideArchive = /new URL\((['"])launch-ffmpeg\.sh\1, import\.meta\.url\)/;

/** No program can be started from inside the archive, so electron-builder.yml puts ffmpeg's launcher beside it. */
export function launcherOutsideArchive(): Plugin {
  return {
    name: 'soundlift:launcher-outside-archive',
    apply: 'build',
    transform: {
      filter: { id: /[\\/]backend[\\/]converter[\\/]ffmpeg[\\/]run-ffmpeg\.ts$/ },
      handler(code) {
        if (!insideArchive.test(code)) throw new Error('run-ffmpeg.ts looks for its launcher in another way now.');
        const outside = code.replace(insideArchive, "$&.href.replace('/app.asar/', '/app.asar.unpacked/')");
        return { code: outside, map: null };
      },
    },
  };
}

const threadSource = /(['"])\.\/store-thread\.ts\1/;

/** The code of the thread for the databases is a bundle of its own. */
export function threadBundle(): Plugin {
  return {
    name: 'soundlift:thread-bundle',
    apply: 'build',
    transform: {
      filter: { id: /[\\/]backend[\\/]adapters[\\/]embedded[\\/]store-worker\.ts$/ },
      handler(code) {
        if (!threadSource.test(code)) throw new Error('store-worker.ts looks for its thread in another way now.');
        return { code: code.replace(threadSource, "'./store-thread.js'"), map: null };
      },
    },
  };
}

/** Copies files that are not modules: ffmpeg's launcher, beside the bundle that starts it, and the images. */
export function appFiles(): Plugin {
  let isDrawn = false;
  return {
    name: 'soundlift:app-files',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === 'main',
    writeBundle() {
      const launcher = join(dist, 'main', 'launch-ffmpeg.sh');
      copyFileSync(join(root, 'backend', 'converter', 'ffmpeg', 'launch-ffmpeg.sh'), launcher);
      chmodSync(launcher, 0o755);
      // In development, main is built again after each change.
      if (isDrawn) return;
      drawTrayImages(join(dist, 'tray'));
      drawAppIcons(join(dist, 'icons'));
      isDrawn = true;
    },
  };
}

/** Page, main and preload. */
const allBundles = 3;

/** Collects the licences of all bundled packages in `dist/licences.txt`. */
export function licences(): Plugin {
  const folders = new Set<string>();
  const bundles = new Set<string>();
  return {
    name: 'soundlift:licences',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== 'chunk') continue;
        for (const module of output.moduleIds) {
          const folder = packageFolderOf(module);
          if (folder !== undefined) folders.add(folder);
        }
      }
    },
    writeBundle() {
      bundles.add(this.environment.name);
      if (bundles.size < allBundles) return;
      const own = readFileSync(join(root, 'LICENSE'), 'utf8');
      writeFileSync(join(dist, 'licences.txt'), licencesText(own, folders));
    },
  };
}

/** Removes `crossorigin`: files have no origin, so they would be refused. */
export function sameOriginTags(): Plugin {
  return {
    name: 'soundlift:same-origin-tags',
    apply: 'build',
    transformIndexHtml: { order: 'post', handler: (html) => html.replaceAll(' crossorigin', '') },
  };
}

/** Allows what the development server needs: its inline script and styles, and its socket. The built page needs none of them. */
export function developmentPolicy(): Plugin {
  return {
    name: 'soundlift:development-policy',
    apply: 'serve',
    transformIndexHtml: {
      order: 'pre',
      handler(html) {
        const loosened = html
          .replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
          .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
          .replace("connect-src 'none'", "connect-src 'self' ws:");
        if (loosened.split("'unsafe-inline'").length !== 3 || !loosened.includes(' ws:'))
          throw new Error('The policy in index.html has changed: see what the development server needs of it.');
        return loosened;
      },
    },
  };
}
