import type { Page } from '@playwright/test';

/** Content of the page that none of our components creates. */
export interface Watched {
  /** Elements, as HTML, that contain scripts or load something from elsewhere. */
  strange(): Promise<readonly string[]>;
}

/**
 * Watches a page, from now on, for signs that text was used as markup or code: scripts, frames, handlers in attributes, pictures
 * from elsewhere, violations of the policy, and calls of `mark()`, which the hostile texts contain.
 */
export async function watchInjection(page: Page): Promise<Watched> {
  await page.evaluate(() => {
    const strange: string[] = [];
    const look = (node: Node): void => {
      if (!(node instanceof Element)) return;
      for (const element of [node, ...node.querySelectorAll('*')]) {
        const isForeign = /^(script|iframe|object|embed|base|link|style|meta|form)$/i.test(element.tagName);
        const hasHandler = element.getAttributeNames().some((name) => name.startsWith('on'));
        const source = element.getAttribute('src') ?? element.getAttribute('href') ?? '';
        const leadsAway =
          source !== '' && !/^(#|\.\/|assets\/|data:image\/|soundlift-sound:|file:.*\/dist\/renderer\/)/.test(source);
        if ((isForeign && !(element instanceof HTMLFormElement && source === '')) || hasHandler || leadsAway)
          strange.push(element.outerHTML.slice(0, 300));
      }
    };
    new MutationObserver((changes) => {
      for (const { addedNodes, target, type } of changes) {
        if (type === 'attributes') look(target);
        for (const node of addedNodes) look(node);
      }
    }).observe(document, { subtree: true, childList: true, attributes: true });
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, sample }) => {
      strange.push(`refused by ${violatedDirective}: ${sample}`);
    });
    Object.assign(window, { mark: () => strange.push('a script ran'), strange });
  });
  return {
    strange: () => page.evaluate(() => (window as unknown as { strange: readonly string[] }).strange),
  };
}
