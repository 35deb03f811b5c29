import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** The problems that axe finds, each with its elements. */
export async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
}

/** Text that is wider than its box, a page that is wider than its window, and popovers that reach out of the window. */
export async function cutWords(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => {
    // Text that may be cut has a tooltip with all of it. The count on the bell reaches out of it on purpose.
    const mayBeCut =
      '.name, .name *, .detail, .cut, .sr, .sr *, select, option, pre, input, .icon-btn, .icon-btn *, .line';
    const wide = [...document.querySelectorAll<HTMLElement>('.window :is(button, label, p, h1, h2, small, b, span)')]
      .filter((element) => !element.matches(mayBeCut) && element.offsetParent !== null)
      .filter((element) => getComputedStyle(element).display !== 'inline')
      .filter((element) => element.scrollWidth > element.clientWidth + 2)
      .map((element) => `${element.tagName} ${element.className}: ${element.textContent}`);
    const outside = [...document.querySelectorAll('dialog[open], :popover-open')]
      .map((element) => element.getBoundingClientRect())
      .filter(({ left, right }) => left < 0 || right > innerWidth)
      .map(({ left, right }) => `something lies from ${left} to ${right} px`);
    const beyond = document.documentElement.scrollWidth - innerWidth;
    return [...wide, ...outside, ...(beyond > 0 ? [`the page is ${beyond} px too wide`] : [])];
  });
}
