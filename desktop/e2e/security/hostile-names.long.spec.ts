import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { decodeSound } from '../../../backend/tests/media/measure-media.ts';
import { isVisible, rowsOf, windowHere } from '../app-window.ts';
import { clickMenu, dropFiles, expect, recorded, startBeside, test } from '../fixtures.ts';
import { watchInjection } from './watch-injection.ts';

/** File names without their extension. */
const hostileNames = [
  '<img src=x onerror=mark()>',
  '<svg onload=mark()>&lt;b&gt;',
  '"><script>mark()<\u2215script>',
  "' onmouseover='mark()' x='",
  'javascript:mark()',
  'Two\nlines\r\nand\ttabs',
  'talk \u202E3pm.exe',
  '\u2067one\u2066two',
  '\u0007bell\u001b[31m',
  '.',
  '..',
  ' ',
  '%2e%2e%2f%2e%2e%2fevil',
  '..\\..\\evil',
  '--flag',
  '-i',
  'concat:a|b',
  'file:evil',
  'http:evil',
  '%03d',
  '$(touch evil)',
  '`touch evil`; touch evil #',
  '{name, plural, other {#}} {0}',
  "it's {",
  '__proto__',
  'e\u0301\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  'x'.repeat(251),
] as const;

/** All files below a folder, as paths from there. */
const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

async function seeEveryPage(page: Page, press: (label: string) => Promise<void>): Promise<void> {
  for (const label of ['Notifications', 'History', 'Settings…', 'Now']) {
    await press(label);
    await page.waitForTimeout(150);
  }
}

test('a video becomes an MP3 next to it whatever its name is, and the name has no other effect', async ({
  launch,
  home,
  media,
}) => {
  test.setTimeout(120_000);
  const made = await media.make({ container: 'mp4', seconds: 1, picture: false });
  const folder = join(home.videos, '<b onclick=mark()>..%2f');
  await mkdir(folder);
  const paths = hostileNames.map((name) => join(folder, `${name}.mp4`));
  for (const path of paths) await copyFile(made, path);
  const broken = join(folder, '<img src=x onerror=mark()> is none.mp4');
  await writeFile(broken, 'no video');
  const before = await filesBelow(join(home.path, 'home'));

  const app = await launch();
  const page = await windowHere(app);
  const watched = await watchInjection(page);
  await dropFiles(page.locator('body'), ...paths, broken);
  await expect
    .poll(async () => (await rowsOf(page)).filter(({ state }) => state.kind === 'done').length)
    .toBe(paths.length);
  await expect.poll(async () => (await rowsOf(page)).at(-1)?.state.kind).toBe('failed');
  const rows = await rowsOf(page);
  expect(rows.map(({ sourceName }) => sourceName)).toEqual([
    ...hostileNames.map((name) => `${name}.mp4`),
    '<img src=x onerror=mark()> is none.mp4',
  ]);
  expect(rows.slice(0, -1).map(({ targetName }) => targetName)).toEqual(hostileNames.map((name) => `${name}.mp3`));

  const after = await filesBelow(join(home.path, 'home'));
  const added = after.filter((file) => !before.includes(file) && !file.startsWith('.'));
  expect(added).toEqual(
    hostileNames.map((name) => join('Videos', '<b onclick=mark()>..%2f', `${name}.mp3`)).toSorted(),
  );
  expect(await readdir(home.music)).toEqual([]);
  expect((await decodeSound(join(folder, '--flag.mp3'))).seconds).toBeCloseTo(1, 0);

  // The page shows the whole name as text.
  for (const name of ['<img src=x onerror=mark()>.mp3', '<svg onload=mark()>&lt;b&gt;.mp3']) {
    await expect(page.locator('.name').filter({ hasText: name }).first()).toHaveAttribute('title', name);
  }
  await page.evaluate(async () => {
    const { rows: all } = await window.soundlift.state();
    for (const { id } of all) await window.soundlift.details(id);
  });
  await seeEveryPage(page, (label) => clickMenu(app, 'application', label));
  expect(await watched.strange()).toEqual([]);
  const { opened, drags, dialogs } = await recorded(app);
  expect({ opened, drags, dialogs }).toEqual({ opened: [], drags: [], dialogs: [] });
});

test('a name that changes the direction of text changes only itself', async ({ launch, home, media }) => {
  const folder = join(home.videos, 'away \u202Eereht');
  await mkdir(folder);
  const path = join(folder, 'talk \u202E3pm.exe.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 1, picture: false }), path);
  const page = await windowHere(await launch());
  await dropFiles(page.locator('body'), path);
  await expect.poll(async () => (await rowsOf(page)).map(({ state }) => state.kind)).toEqual(['done']);
  await expect(page.locator('.row .name')).toHaveCSS('unicode-bidi', 'isolate');
  await expect(page.locator('.row .detail')).toHaveText('Saved in Videos › away ereht');
});

test('a malicious soundlift: link that a second start passes on only shows the window', async ({
  launch,
  home,
  media,
}) => {
  const secret = join(home.videos, 'Private.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 1, picture: false }), secret);
  const app = await launch();
  const page = await windowHere(app);
  const watched = await watchInjection(page);
  const tricks: readonly (readonly string[])[] = [
    ['soundlift://b/../../../etc/passwd'],
    ['soundlift://b/%2e%2e%2f%2e%2e'],
    [`soundlift://open?path=${secret}`],
    [`soundlift://b/7d20?then=https://example.org`],
    ['soundlift://b/<img src=x onerror=mark()>'],
    ['soundlift:javascript:mark()'],
    ['SOUNDLIFT://b/7d20\n--quit'],
    [`soundlift://${'b/'.repeat(5000)}`],
    // A web page can make the browser add arguments.
    ['soundlift://b/7d20', secret],
    ['--', secret, 'soundlift://b/7d20" --gpu-launcher="touch evil'],
    ['--no-sandbox', '--renderer-cmd-prefix=touch evil', 'soundlift://b/none-of-ours'],
  ];
  for (const words of tricks) {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    expect(await isVisible(app)).toBe(false);
    expect(await startBeside(home, words)).toBe(0);
    await expect.poll(() => isVisible(app), { message: words.join(' ').slice(0, 80) }).toBe(true);
  }
  expect(await rowsOf(page)).toEqual([]);
  expect(await watched.strange()).toEqual([]);
  const { opened, shown, drags, dialogs, notifications } = await recorded(app);
  expect({ opened, shown, drags, dialogs, notifications }).toEqual({
    opened: [],
    shown: [],
    drags: [],
    dialogs: [],
    notifications: [],
  });
  expect((await filesBelow(join(home.path, 'home'))).filter((file) => !file.startsWith('.'))).toEqual([
    join('Videos', 'Private.mp4'),
  ]);
});
