import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { drawAppIcons, drawTrayImages } from '../icons/draw-icons.ts';
import { licencesText, packageFolderOf } from './licences.ts';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

const insideArchive = /new URL\((['"])launch-ffmpeg\.sh\1, import\.meta\.url\)/;

/** Programs cannot be started out of the package's archive: ffmpeg's launcher lies beside it, as electron-builder.yml says. */
export function launcherOutsideArchive(): Plugin {
  return {
    name: 'soundlift:launcher-outside-archive',
    apply: 'build',
    transform: {
      filter: { id: /[\\/]backend[\\/]converter[\\/]run-ffmpeg\.ts$/ },
      handler(code) {
        if (!insideArchive.test(code)) throw new Error('run-ffmpeg.ts looks for its launcher in another way now.');
        const outside = code.replace(insideArchive, "$&.href.replace('/app.asar/', '/app.asar.unpacked/')");
        return { code: outside, map: null };
      },
    },
  };
}

/** What of the app is no module: ffmpeg's launcher beside the bundle that looks for it there, and the pictures. */
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
      // While the app is being written, main is built again and again.
      if (isDrawn) return;
      drawTrayImages(join(dist, 'tray'));
      drawAppIcons(join(dist, 'icons'));
      isDrawn = true;
    },
  };
}

/** Page, main and preload. */
const allBundles = 3;

/** Collects the licences of what all bundles together are made of, into `dist/licences.txt`. */
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

/** Files have no origin: `crossorigin` would ask them for leave. */
export function sameOriginTags(): Plugin {
  return {
    name: 'soundlift:same-origin-tags',
    apply: 'build',
    transformIndexHtml: { order: 'post', handler: (html) => html.replaceAll(' crossorigin', '') },
  };
}

/** The development server puts a script and styles into the page, and tells it of changes over a socket; the built page needs none of it. */
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
