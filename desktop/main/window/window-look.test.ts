import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { surfaceColour, titleBarOverlay, windowFrame } from './window-look.ts';

it('the window is framed by each system’s convention', () => {
  expect(windowFrame('macos', false)).toEqual({
    backgroundColor: '#ffffff',
    titleBarStyle: 'hiddenInset',
    trafficLightPosition: { x: 20, y: 20 },
  });
  for (const system of ['windows', 'linux'] as const) {
    expect(windowFrame(system, true)).toEqual({
      backgroundColor: '#1e2122',
      titleBarStyle: 'hidden',
      titleBarOverlay: { color: '#1e2122', symbolColor: '#eef1f1', height: 32 },
      autoHideMenuBar: true,
    });
  }
  expect(titleBarOverlay('macos', true)).toBeUndefined();
});

it('the colours are those of the page, so that opening never flashes', () => {
  const tokens = readFileSync(join(import.meta.dirname, '..', '..', 'renderer', 'styles', 'tokens.css'), 'utf8');
  const [, light, dark] = /--surface:\s*light-dark\((#\w+), (#\w+)\)/.exec(tokens) ?? [];
  const [, lightInk, darkInk] = /--ink:\s*light-dark\((#\w+), (#\w+)\)/.exec(tokens) ?? [];
  expect([surfaceColour(false), surfaceColour(true)]).toEqual([light, dark]);
  expect(titleBarOverlay('linux', false)?.symbolColor).toBe(lightInk);
  expect(titleBarOverlay('linux', true)?.symbolColor).toBe(darkInk);
});
