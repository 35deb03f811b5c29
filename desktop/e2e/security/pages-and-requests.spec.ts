import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RequestName } from '../../ipc.ts';
import { rowOf, rowsOf } from '../app-window.ts';
import { dropFiles, expect, recorded, test } from '../fixtures.ts';
import { type CheckedApp, openCheckedApp, preferencesOf } from './checked-app.ts';

// The part of Electron's checklist (see security.spec.ts) about other pages and windows, what leaves the app, and requests to main.

let checked: CheckedApp;
test.beforeAll(async () => {
  checked = await openCheckedApp();
});
test.afterAll(async () => {
  await checked[Symbol.asyncDispose]();
});

const contentsCount = (): Promise<number> =>
  checked.app.evaluate(({ webContents }) => webContents.getAllWebContents().length);

test('11: the page holds no webview that could open windows', async () => {
  const { app, page, site } = checked;
  expect(await preferencesOf(app)).toMatchObject({ webviewTag: false });
  await page.evaluate((url) => {
    document.body.insertAdjacentHTML('beforeend', `<webview src="${url}" allowpopups></webview>`);
  }, site.url);
  await page.waitForTimeout(200);
  expect(await contentsCount()).toBe(1);
  expect(site.asked).toEqual([]);
  await page.evaluate(() => document.querySelector('webview')?.remove());
});

test('12: a webview is refused, whatever its options', async () => {
  const isRefused = await checked.app.evaluate(({ BrowserWindow }) => {
    let isPrevented = false;
    const event = {
      preventDefault() {
        isPrevented = true;
      },
    };
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    contents?.emit('will-attach-webview', event, { nodeIntegration: true }, { src: 'https://example.org' });
    return isPrevented;
  });
  expect(isRefused).toBe(true);
});

test('13: the page cannot navigate anywhere else', async () => {
  const { app, page, site, home } = checked;
  const other = join(home.path, 'other.html');
  await writeFile(other, '<title>other</title>');
  const before = page.url();
  await page.evaluate(() => Object.assign(window, { isStillHere: true }));
  const addresses = [
    before.replace('index.html', 'index.html?elsewhere='),
    `${new URL('.', before).href}assets/`,
    pathToFileURL(other).href,
    `${site.url}/page`,
    'soundlift://b/7d20',
    'soundlift-sound://row/7d20',
    'data:text/html,<title>data</title>',
    'javascript:document.body.replaceChildren()',
  ];
  const ways = ['assign', 'replace', 'link', 'form', 'refresh'] as const;
  for (const [address, way] of addresses.flatMap((each) => ways.map((name) => [each, name] as const))) {
    await page.evaluate(
      ({ url, name }) => {
        const go = {
          assign: () => location.assign(url),
          replace: () => location.replace(url),
          link: () => document.body.appendChild(Object.assign(document.createElement('a'), { href: url })).click(),
          form: () =>
            document.body.appendChild(Object.assign(document.createElement('form'), { action: url })).submit(),
          refresh: () =>
            document.head.append(
              Object.assign(document.createElement('meta'), { httpEquiv: 'refresh', content: `0;url=${url}` }),
            ),
        };
        try {
          go[name]();
        } catch {
          // It was refused.
        }
      },
      { url: address, name: way },
    );
    await page.waitForTimeout(100);
    expect(page.url(), `${way} ${address}`).toBe(before);
    expect(await page.evaluate(() => 'isStillHere' in window), `${way} ${address}`).toBe(true);
  }
  expect(site.asked).toEqual([]);
  expect(await page.evaluate(() => document.body.innerText)).toContain('Drop videos here');
  // Playwright would wait for the refused navigations.
  await app.evaluate(({ BrowserWindow }, url) => BrowserWindow.getAllWindows()[0]?.loadURL(url), before);
  // Playwright can hear of it later than the app. The next test needs the new page.
  await page.waitForFunction(() => !('isStillHere' in window));
});

test('14: the page cannot open a window', async () => {
  const { app, page, site } = checked;
  const addresses = [site.url, page.url(), 'about:blank', 'file:///etc/passwd', 'soundlift://b/7d20', 'javascript:1'];
  const opened = await page.evaluate((urls) => urls.filter((url) => window.open(url, '_blank') !== null), addresses);
  expect(opened).toEqual([]);
  const answers = await app.evaluate((_electron, urls) => {
    const { open } = globalThis.recorded.permissions;
    return urls.map((url) => {
      const details = { url, frameName: '', features: 'nodeIntegration=yes', disposition: 'new-window' as const };
      return open?.({ ...details, referrer: { url: '', policy: 'default' } }).action;
    });
  }, addresses);
  expect(new Set(answers)).toEqual(new Set(['deny']));
  expect(app.windows()).toHaveLength(1);
  expect(await contentsCount()).toBe(1);
  expect(site.asked).toEqual([]);
});

test('15: the page cannot make the system open or show anything of its choice', async () => {
  const { app, page, site } = checked;
  await page.evaluate(
    async ({ names, words }) => {
      const api = window.soundlift as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      for (const word of words) {
        window.open(word);
        for (const name of names) await api[name]?.(word).catch(() => undefined);
      }
    },
    {
      names: [
        'showInFolder',
        'showSource',
        'copyFile',
        'dragOut',
        'rowMenu',
        'details',
        'peaks',
        'noticeAction',
        'toastAction',
        'convertAgain',
        'findSource',
        'saveElsewhere',
      ] satisfies RequestName[],
      words: [
        site.url,
        'file:///etc/passwd',
        '/etc/passwd',
        'smb://example.org/x',
        '../../../etc/passwd',
        'mailto:a@b',
      ],
    },
  );
  const { opened, shown, drags, menus, dialogs } = await recorded(app);
  expect({ opened, shown, drags, menus, dialogs }).toEqual({
    opened: [],
    shown: [],
    drags: [],
    menus: [],
    dialogs: [],
  });
  expect(site.asked).toEqual([]);
});

test('17: main answers only the page in the app’s own window, and only valid requests', async () => {
  const { app, page } = checked;
  const refusedArguments: readonly (readonly [RequestName, readonly unknown[]])[] = [
    ['state', ['more']],
    ['cancel', []],
    ['cancel', [{ id: 'a' }]],
    ['addPaths', [['relative.mp4']]],
    ['addPaths', ['/etc/passwd']],
    ['addPaths', [['/a\0b']]],
    ['history', [{ search: '', offset: 0, limit: 1e9 }]],
    ['changeSettings', [{ saveTo: { kind: 'folder', path: '/etc' } }]],
    ['changeSettings', [{ saveTo: 'folder' }]],
    ['changeSettings', [{ ['__proto__']: null, window: { x: 0 } }]],
    ['signIn', [{ address: 'x', email: 'a@example.org', password: 'p', token: 't' }]],
    ['copyText', ['x'.repeat(100_001)]],
  ];
  const ask = async (name: string, args: readonly unknown[]): Promise<string> =>
    await page.evaluate(
      async (asked) => {
        const api = window.soundlift as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
        return (await api[asked.name]?.(...asked.args).then(
          () => 'answered',
          (error: unknown) => String(error),
        )) as string;
      },
      { name, args },
    );
  expect(await ask('state', [])).toBe('answered');
  for (const [name, args] of refusedArguments) expect(await ask(name, args), name).toMatch(`refused: ${name}`);

  const framed = await page.evaluate(async (url) => {
    const frame = Object.assign(document.createElement('iframe'), { src: url });
    document.body.append(frame);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const inside = frame.contentWindow;
    let given: string;
    try {
      given = inside === null ? 'undefined' : typeof inside.soundlift;
    } catch {
      given = 'undefined';
    }
    frame.remove();
    return given;
  }, page.url());
  expect(framed).toBe('undefined');

  const [second] = await Promise.all([
    app.waitForEvent('window'),
    app.evaluate(({ BrowserWindow }) => {
      const [first] = BrowserWindow.getAllWindows();
      const contents = first?.webContents as unknown as { getLastWebPreferences(): { preload: string } };
      const { preload } = contents.getLastWebPreferences();
      const made = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
      void made.loadURL(first?.webContents.getURL() ?? '');
    }),
  ]);
  await second.waitForFunction(() => 'soundlift' in window);
  const answer = await second.evaluate(async () => await window.soundlift.state().catch(String));
  expect(answer).toMatch(/refused: not from the app’s own page/);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().at(-1)?.destroy());

  const own = page.url();
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('data:text/html,<title>x'));
  await page.waitForFunction(() => 'soundlift' in window);
  expect(await ask('state', [])).toMatch(/refused: not from the app’s own page/);
  await app.evaluate(({ BrowserWindow }, url) => BrowserWindow.getAllWindows()[0]?.loadURL(url), own);
  await expect.poll(() => ask('state', [])).toBe('answered');
  expect(await rowsOf(page)).toEqual([]);
});

test('18: the page can load files of its own folder and, by our scheme, the sounds of rows, but no other file', async ({
  media,
}) => {
  const { page, home } = checked;
  const video = join(home.videos, 'Talk.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 5 }), video);
  await dropFiles(page.locator('body'), video);
  await expect(rowOf(page, 'Talk.mp3')).toContainText('Saved in Videos');
  const [row] = await rowsOf(page);
  expect(await readdir(home.videos)).toContain('Talk.mp3');

  const outside = {
    script: join(home.path, 'evil.js'),
    style: join(home.path, 'evil.css'),
    image: join(home.path, 'a.svg'),
  };
  await writeFile(outside.script, 'window.isEvil = true');
  await writeFile(outside.style, 'body { opacity: 0 }');
  await writeFile(outside.image, '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>');
  const load = async (tag: string, fields: Readonly<Record<string, string>>): Promise<string> =>
    await page.evaluate(
      async (asked) => {
        const element = Object.assign(document.createElement(asked.tag), asked.fields);
        const told = new Promise<string>((resolve) => {
          const done = { load: 'loaded', loadedmetadata: 'loaded', error: 'refused' };
          for (const [type, word] of Object.entries(done)) element.addEventListener(type, () => resolve(word));
        });
        document.body.append(element);
        const outcome = await told;
        element.remove();
        return outcome;
      },
      { tag, fields },
    );
  const style = await page.evaluate(() => document.querySelector('link')?.href ?? '');
  expect(await load('link', { rel: 'stylesheet', href: style })).toBe('loaded');
  expect(await load('link', { rel: 'stylesheet', href: pathToFileURL(outside.style).href })).toBe('refused');
  expect(await load('script', { src: pathToFileURL(outside.script).href })).toBe('refused');
  expect(await load('img', { src: pathToFileURL(outside.image).href })).toBe('refused');
  expect(await page.evaluate(() => 'isEvil' in window)).toBe(false);

  const sound = (id: string): Promise<string> =>
    load('audio', { preload: 'metadata', src: `soundlift-sound://row/${id}` });
  expect(await sound(row?.id ?? '')).toBe('loaded');
  const saved = join(home.videos, 'Talk.mp3');
  for (const id of [
    'other',
    '',
    encodeURIComponent(saved),
    saved,
    '..%2f..%2fTalk.mp3',
    `${row?.id}/..`,
    `${row?.id}?x`,
  ])
    expect(await sound(id), id).toBe('refused');
  expect(await load('audio', { preload: 'metadata', src: pathToFileURL(saved).href })).toBe('refused');
});
