import { expect, type Page } from '@playwright/test';
import type { AppChange, Row } from '../../ipc.ts';
import { everyState, manyRows, stateWith, workingSummary } from './list-scenes.ts';
import { type InPage, stopClock, test } from './list-window.ts';
import { findings } from './shut-out.ts';

const allRows = everyState.map(([row]) => row);
const row = (page: Page, order: number) => page.locator(`[data-id="row-${order}"]`);
const focusedRow = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest('[data-id]')?.getAttribute('data-id') ?? null);

test('each state of a row has its sentence, button and way out', async ({ open }) => {
  const { page } = await open(stateWith(allRows), { height: 1400 });
  for (const [{ order, targetName, sourceName, state }, detail, button] of everyState) {
    const one = row(page, order);
    await expect(one.locator('.name')).toHaveText(state.kind === 'done' ? (targetName ?? sourceName) : sourceName);
    await expect(one.locator('.detail')).toHaveText(detail);
    await expect(one.locator('.way-out button')).toHaveText(button === undefined ? [] : [button]);
    await expect(one.locator('.acts button')).toHaveCount(1);
  }
});

test('a row changes state in place, and its progress line becomes the waveform', async ({ open }) => {
  const { page, tell } = await open(stateWith(allRows));
  const line = row(page, 3).getByRole('progressbar');
  await expect(line).toHaveAttribute('aria-valuenow', '62');
  const moving = allRows.find(({ order }) => order === 3) as Row;
  await tell({ type: 'rows', changed: [{ ...moving, fraction: 0.75 }], removed: [] });
  await expect(line).toHaveAttribute('aria-valuenow', '75');
  await expect(row(page, 3)).toContainText('75%');
  const done: Row = {
    ...moving,
    state: { kind: 'done', folder: ['Movies'] },
    targetName: 'Plain text.mp3',
    durationSeconds: 3751,
    resultBytes: 86e6,
    fresh: true,
  };
  await tell({ type: 'rows', changed: [done], removed: [] });
  await expect(row(page, 3).locator('.wave.new path')).toHaveAttribute('d', /^M1\.5 /);
  await expect(row(page, 3)).toContainText('1:02:31');
  await expect(row(page, 3)).toHaveAttribute('aria-rowindex', '3');
});

test('Tab enters the list once, and arrows move between rows and within them', async ({ open }) => {
  const { page, asked } = await open(stateWith(allRows));
  await page.getByRole('button', { name: 'Pause all' }).focus();
  await page.keyboard.press('Tab');
  expect(await focusedRow(page)).toBe('row-1');
  await page.keyboard.press('ArrowDown');
  expect(await focusedRow(page)).toBe('row-2');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Choose another track…: Interview, raw.mov' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Remove Interview, raw.mov from list' })).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(row(page, 2)).toBeFocused();
  await page.keyboard.press('End');
  expect(await focusedRow(page)).toBe('row-20');
  await page.keyboard.press('Home');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: /quality for new videos/ })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await expect(row(page, 1)).toBeFocused();
  expect(await asked()).toEqual([]);
});

test('each key sends its request', async ({ open }) => {
  const { page, asked } = await open(stateWith(allRows));
  await row(page, 1).focus();
  const keys: readonly (readonly [string, readonly unknown[]])[] = [
    ['Enter', ['showInFolder', 'row-1']],
    ['Delete', ['remove', 'row-1']],
    ['Control+c', ['copyFile', 'row-1']],
    ['Shift+F10', ['rowMenu', 'row-1']],
    ['Control+o', ['chooseVideos']],
    ['Control+z', ['undo']],
    ['Control+v', ['paste']],
    ['Control+Shift+P', ['pauseAll']],
  ];
  for (const [key, request] of keys) {
    await page.keyboard.press(key);
    expect(await asked()).toEqual([request]);
  }
  await page.keyboard.press('g');
  expect(await focusedRow(page)).toBe('row-6');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Enter');
  expect(await asked()).toEqual([['cancel', 'row-6']]);
});

test('the focus stays in the list when its row is removed, and in the row when its button is removed', async ({
  open,
}) => {
  const { page, tell } = await open(stateWith(allRows));
  await row(page, 2).focus();
  await tell({ type: 'rows', changed: [], removed: ['row-2'] });
  await expect(row(page, 3)).toBeFocused();
  await row(page, 9).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Resume: Paused.mp4' })).toBeFocused();
  const paused = allRows.find(({ order }) => order === 9) as Row;
  await tell({ type: 'rows', changed: [{ ...paused, state: { kind: 'converting' } }], removed: [] });
  await expect(row(page, 9)).toContainText('Converting');
  await expect(row(page, 9)).toBeFocused();
});

test('only a few of 5,000 rows are drawn, and the strip is one bar', async ({ open }) => {
  const { page } = await open(stateWith(manyRows(5000)));
  await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '5000');
  expect(await page.locator('.row').count()).toBeLessThan(40);
  await expect(page.locator('.strip i')).toHaveCount(1);
  await row(page, 1).focus();
  await page.locator('.content').evaluate((content) => content.scrollTo(0, content.scrollHeight));
  await expect(row(page, 5000)).toBeVisible();
  // The focus survives scrolling, and keys continue from there.
  await expect(row(page, 1)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(row(page, 2)).toBeFocused();
  await expect(row(page, 2)).toBeInViewport();
  expect(await page.locator('.row').count()).toBeLessThan(40);
});

// In the narrow layout, rows are higher than estimated until they have been drawn.
for (const [width, system] of [
  [920, 'linux'],
  [920, 'macos'],
  [480, 'linux'],
] as const) {
  test(`nothing jumps when rows above are removed or added, ${width} wide on ${system}`, async ({ open }) => {
    const { page } = await open(stateWith(manyRows(1000), { system }), { width });
    await page.locator('.content').evaluate((content) => content.scrollTo(0, 40_000));
    await expect.poll(() => page.locator('.row').count()).toBeGreaterThan(10);
    const inView = (): Promise<readonly [id: string, top: number]> =>
      page.evaluate(() => {
        const tops = [...document.querySelectorAll<HTMLElement>('.row')].map((element) => {
          return [element.dataset['id'] ?? '', element.getBoundingClientRect().top] as const;
        });
        return tops.find(([, top]) => top > 200) ?? ['', 0];
      });
    await expect.poll(inView).not.toEqual(['', 0]);
    const [id, before] = await inView();
    // Looks at the next frame: a correction after that would be a jump.
    const moveAfter = async (change: AppChange): Promise<number> => {
      const after = await page.evaluate(
        async ([told, seen]) => {
          (globalThis as unknown as InPage).tellScene([told]);
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          return document.querySelector(`[data-id="${seen}"]`)?.getBoundingClientRect().top;
        },
        [change, id] as const,
      );
      return after === undefined ? Number.POSITIVE_INFINITY : Math.abs(after - before);
    };
    const removed = Array.from({ length: 250 }, (_, index) => `row-${index * 2 + 1}`);
    expect(await moveAfter({ type: 'rows', changed: [], removed })).toBeLessThanOrEqual(1);
    await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '750');
    expect(await moveAfter({ type: 'rows', changed: manyRows(1100), removed: [] })).toBeLessThanOrEqual(1);
    await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '1100');
  });
}

test('a sound plays in its row, by keys and by its waveform', async ({ open }) => {
  const silenceSeconds = 60;
  const one: Row = { ...(allRows[0] as Row), durationSeconds: silenceSeconds };
  const { page, tell } = await open(stateWith([one, ...allRows.slice(1)]), { silenceSeconds });
  const position = row(page, 1).getByRole('slider', { name: 'Position in Lecture 12.mp3' });
  await expect(position).toHaveCount(0);
  await row(page, 1).focus();
  await page.keyboard.press('Space');
  await expect(row(page, 1)).toHaveAttribute('data-state', 'playing');
  await expect(position).toHaveAttribute('aria-valuetext', /^[1-9]\d* seconds? of 1 minute$/);
  await page.keyboard.press('Space');
  await expect(row(page, 1).getByRole('button', { name: 'Play Lecture 12.mp3' })).toBeVisible();
  const paused = Number(await position.getAttribute('aria-valuenow'));
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(position).toHaveAttribute('aria-valuenow', String(paused + 5));
  const box = await position.boundingBox();
  await position.click({ position: { x: (box?.width ?? 0) / 2, y: 4 } });
  await expect(position).toHaveAttribute('aria-valuetext', '30 seconds of 1 minute');
  await page.keyboard.press('ArrowRight');
  await expect(position).toHaveAttribute('aria-valuetext', '35 seconds of 1 minute');
  // A sound stops when its row is removed.
  await tell({ type: 'rows', changed: [], removed: ['row-1'] });
  await expect(page.locator('[data-state=playing]')).toHaveCount(0);
});

test('clicks on the strip and on the number of failed videos scroll to their rows', async ({ open }) => {
  const { page, tell } = await open(stateWith(allRows));
  await page.getByRole('button', { name: '1 failed' }).click();
  await expect(row(page, 2)).toBeFocused();
  await page
    .locator('.strip i')
    .last()
    .click({ position: { x: 2, y: 2 } });
  await expect(row(page, 19)).toBeFocused();
  await expect(row(page, 19)).toBeInViewport();
  await tell({ type: 'show', view: { kind: 'row', id: 'row-5' } });
  await expect(row(page, 5)).toBeFocused();
});

test('files dragged over the window are counted, and added when dropped', async ({ open }) => {
  const { page, asked } = await open(stateWith([]));
  const files = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    for (const name of ['a.mp4', 'b.mp4']) data.items.add(new File(['x'], name, { type: 'video/mp4' }));
    return data;
  });
  await page.dispatchEvent('body', 'dragover', { dataTransfer: files });
  await expect(page.getByRole('heading', { name: 'Drop to convert 2 videos' })).toBeVisible();
  await expect(page.locator('.drop')).toContainText('Standard quality, saved next to each video');
  await page.dispatchEvent('body', 'drop', { dataTransfer: files });
  await expect(page.locator('.drop')).toHaveCount(0);
  expect(await asked()).toEqual([['addPaths', ['/videos/a.mp4', '/videos/b.mp4']]]);
});

test('the summary shows the overall state, and its button does the next step', async ({ open }) => {
  const { page, tell, asked } = await open(stateWith(allRows));
  const modes = [
    ['working', '1 of 7 done', 'Pause all', 'pauseAll'],
    ['paused', 'Paused', 'Resume', 'continueAll'],
    ['offline', 'No connection', 'Try now', 'tryNow'],
    ['finished', '1 MP3 saved', 'Clear', 'clearFinished'],
  ] as const;
  for (const [mode, title, button, request] of modes) {
    await tell({ type: 'summary', summary: { ...workingSummary, mode } });
    await expect(page.locator('.summary h1')).toHaveText(title);
    await page.locator('.summary').getByRole('button', { name: button }).click();
    expect(await asked()).toEqual([[request]]);
  }
});

test('messages of the same second are announced together, politely', async ({ open }) => {
  const { page, tell } = await open(stateWith([]));
  await stopClock(page);
  await tell({ type: 'announce', text: '5 videos added' });
  await page.clock.runFor(300);
  await tell({ type: 'announce', text: 'No connection' });
  await page.clock.runFor(1_000);
  await expect(page.locator('p[role=status]')).toHaveText('5 videos added. No connection');
});

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing in the list, ${theme}`, async ({ open }) => {
    const { page } = await open(stateWith(allRows), { theme, height: 1400 });
    expect(await findings(page)).toEqual([]);
  });
}
