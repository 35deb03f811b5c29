import { AxeBuilder } from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { scenes } from './app-scenes.ts';
import { test } from './list-window.ts';

for (const { name, state, answers, prepare } of scenes) {
  for (const theme of ['light', 'dark'] as const) {
    test(`axe finds nothing in ${name}, ${theme}`, async ({ open }) => {
      const { page } = await open(state, { theme, ...(answers === undefined ? {} : { answers }) });
      await prepare?.(page);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)).toEqual([]);
    });
  }

  for (const [look, options] of [
    ['in the smallest window', { width: 480, height: 420 }],
    ['with text of twice the size', { textPercent: 200 }],
  ] as const) {
    test(`${name} has all its words ${look}`, async ({ open }) => {
      const { page } = await open(state, { ...options, ...(answers === undefined ? {} : { answers }) });
      await prepare?.(page);
      const cut = await page.evaluate(() => {
        // What may be cut has its whole text in a tooltip.
        const mayBeCut = '.name, .name *, .detail, .cut, .sr, .sr *, select, option, pre, input';
        return [...document.querySelectorAll<HTMLElement>('.window :is(button, label, p, h1, h2, small, b, span)')]
          .filter((element) => element.matches(mayBeCut) === false && element.offsetParent !== null)
          .filter(
            (element) =>
              element.scrollWidth > element.clientWidth + 2 && getComputedStyle(element).display !== 'inline',
          )
          .map((element) => `${element.tagName} ${element.className}: ${element.textContent}`);
      });
      expect(cut).toEqual([]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(width).toBeLessThanOrEqual(0);
    });
  }
}
