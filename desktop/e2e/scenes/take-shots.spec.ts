import { join } from 'node:path';
import { scenes } from './app-scenes.ts';
import { test, type WindowOptions } from './list-window.ts';

const folder = join(import.meta.dirname, '..', 'shots');
const looks: Readonly<Record<string, WindowOptions>> = {
  '': {},
  '-small': { width: 480, height: 420 },
  '-200': { textPercent: 200 },
};
const alsoOtherwise = new Set(['empty', 'working', 'finished', 'history', 'settings', 'welcome', 'quality', 'notices']);

for (const { name, state, answers, prepare } of scenes) {
  for (const theme of ['light', 'dark'] as const) {
    for (const [look, options] of Object.entries(looks)) {
      if (look !== '' && !alsoOtherwise.has(name)) continue;
      test(`${name}${look}-${theme}`, async ({ open }) => {
        const { page } = await open(state, { ...options, theme, ...(answers === undefined ? {} : { answers }) });
        await prepare?.(page);
        // Wait until nothing moves.
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(folder, `${name}${look}-${theme}.png`) });
      });
    }
  }
}
