import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { scenes } from './app-scenes.ts';
import { test } from './list-window.ts';

for (const { name, state, answers, prepare } of scenes) {
  test(`${name} shuts nobody out, in light and dark, in a small window and with large text`, async ({ open }) => {
    // Colours that are still on their way have another contrast.
    const media = { reducedMotion: 'reduce' } as const;
    const { page } = await open(state, { media, ...(answers === undefined ? {} : { answers }) });
    await prepare?.(page);
    expect(await findings(page), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await findings(page), 'dark').toEqual([]);
    await page.setViewportSize({ width: 480, height: 420 });
    expect(await cutWords(page), 'in the smallest window').toEqual([]);
    await page.setViewportSize({ width: 920, height: 640 });
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    expect(await cutWords(page), 'with text of twice the size').toEqual([]);
  });
}

/** What axe finds, each with the elements that it is about. */
async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
}

/** Words that are wider than what holds them, and a page that is wider than its window. */
async function cutWords(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => {
    // What may be cut has its whole text in a tooltip; a count stands out of its bell.
    const mayBeCut =
      '.name, .name *, .detail, .cut, .sr, .sr *, select, option, pre, input, .icon-btn, .icon-btn *, .line';
    const wide = [...document.querySelectorAll<HTMLElement>('.window :is(button, label, p, h1, h2, small, b, span)')]
      .filter((element) => !element.matches(mayBeCut) && element.offsetParent !== null)
      .filter((element) => getComputedStyle(element).display !== 'inline')
      .filter((element) => element.scrollWidth > element.clientWidth + 2)
      .map((element) => `${element.tagName} ${element.className}: ${element.textContent}`);
    const beyond = document.documentElement.scrollWidth - innerWidth;
    return beyond > 0 ? [...wide, `the page is ${beyond} px too wide`] : wide;
  });
}
