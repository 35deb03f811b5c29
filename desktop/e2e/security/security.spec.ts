import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requestNames } from '../../ipc.ts';
import { expect, recorded, test } from '../fixtures.ts';
import { root } from '../launch-app.ts';
import { type CheckedApp, openCheckedApp, preferencesOf } from './checked-app.ts';

// Electron's checklist: https://www.electronjs.org/docs/latest/tutorial/security. Here a page in the running app's window tries what it must
// not do. The files beside this one test windows, pages and requests, and the packaged app.

let checked: CheckedApp;
test.beforeAll(async () => {
  checked = await openCheckedApp();
});
test.afterAll(async () => {
  await checked[Symbol.asyncDispose]();
});

test('1: the page loads only its own files, and nothing over plain HTTP', async () => {
  const { page, site } = checked;
  const loaded = await page.evaluate(() => {
    const scripts = [...document.scripts].map(({ src }) => src);
    const links = [...document.querySelectorAll('link')].map(({ href }) => href);
    return [document.URL, ...scripts, ...links, ...[...document.images].map(({ src }) => src)];
  });
  const own = new URL('.', loaded[0]).href;
  expect(own).toMatch(/^file:.*\/dist\/renderer\/$/);
  expect(loaded.length).toBeGreaterThan(2);
  for (const url of loaded) expect(url.startsWith(own) || url.startsWith('data:'), url).toBe(true);

  const failed = await page.evaluate(async (url) => {
    const tries = [
      Object.assign(new Image(), { src: `${url}/image.png` }),
      Object.assign(document.createElement('script'), { src: `${url}/script.js` }),
      Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${url}/style.css` }),
    ];
    return await Promise.all(
      tries.map(async (element) => {
        const outcome = new Promise<string>((resolve) => {
          for (const type of ['error', 'load']) element.addEventListener(type, () => resolve(type), { once: true });
        });
        document.head.append(element);
        const told = await outcome;
        element.remove();
        return told;
      }),
    );
  }, site.url);
  expect(failed).toEqual(['error', 'error', 'error']);
  expect(site.asked).toEqual([]);
});

test('2: neither the page nor its workers have Node', async () => {
  const { app, page } = checked;
  expect(
    await page.evaluate(() =>
      ['require', 'process', 'module', 'exports', 'Buffer', 'global', '__dirname', 'setImmediate'].filter(
        (name) => name in globalThis,
      ),
    ),
  ).toEqual([]);
  expect(await preferencesOf(app)).toMatchObject({
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
  });
});

test('3: the page cannot reach the preload script by changing its own globals, and cannot change what it is given', async () => {
  const { app, page } = checked;
  expect(await preferencesOf(app)).toMatchObject({ contextIsolation: true });
  const [heard, paths, changed] = await page.evaluate(() => {
    const { filter } = Array.prototype;
    let isHeard = false;
    Array.prototype.filter = function poisoned(this: unknown[], ...args: Parameters<typeof filter>) {
      isHeard = true;
      return filter.apply(this, args) as unknown[];
    } as typeof filter;
    const given = window.soundlift.pathsOf([]);
    Array.prototype.filter = filter;
    const tried = [
      () => Object.assign(window.soundlift, { state: () => 'mine' }),
      () => Object.assign(window, { soundlift: { state: () => 'mine' } }),
      () => Object.defineProperty(window, 'soundlift', { value: {} }),
      () => Reflect.deleteProperty(window.soundlift, 'state') && Reflect.deleteProperty(window, 'soundlift'),
    ].map((change) => {
      try {
        return change() === true;
      } catch {
        return false;
      }
    });
    return [isHeard, given, tried.includes(true) || String(window.soundlift.state).includes('mine')] as const;
  });
  expect([heard, paths, changed]).toEqual([false, [], false]);
});

test('4: the page runs in Chromium’s sandbox, and its preload script needs nothing else', async () => {
  const { app } = checked;
  const { sandbox, preload } = await preferencesOf(app);
  expect(sandbox).toBe(true);
  const code = await readFile(String(preload), 'utf8');
  expect([...code.matchAll(/\brequire\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['"electron"']);
  // The test sets it when it runs as root. The app never does.
  for (const name of ['main', 'backend-process', 'store-thread'])
    expect(await readFile(join(root, 'dist', 'main', `${name}.js`), 'utf8')).not.toMatch(/['"](--)?no-sandbox['"]/);
});

test('5: every permission is refused, whether a page requests or queries it', async () => {
  const { app } = checked;
  const granted = await app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const { request, check } = globalThis.recorded.permissions;
    if (contents === undefined || !request || !check) throw new Error('nobody is asked');
    const permissions = [
      'clipboard-read',
      'clipboard-sanitized-write',
      'display-capture',
      'fileSystem',
      'fullscreen',
      'geolocation',
      'idle-detection',
      'media',
      'mediaKeySystem',
      'midi',
      'midiSysex',
      'notifications',
      'openExternal',
      'pointerLock',
      'storage-access',
      'unknown',
      'window-management',
    ] as const;
    return permissions.filter((permission) => {
      let isGranted = true;
      request(
        contents,
        permission,
        (answer) => {
          isGranted = answer;
        },
        { isMainFrame: true, requestingUrl: contents.getURL() },
      );
      const looked = permission as Parameters<typeof check>[1];
      return isGranted || check(contents, looked, contents.getURL(), { isMainFrame: true });
    });
  });
  expect(granted).toEqual([]);
});

test('6: the page cannot read other sites or other files', async () => {
  const { app, page, site } = checked;
  const { webSecurity } = await preferencesOf(app);
  expect(webSecurity).toBe(true);
  const read = await page.evaluate(
    async (urls) =>
      await Promise.all(
        urls.map(async (url) => {
          const fetched = fetch(url).then(
            () => 'fetched',
            () => '',
          );
          const request = new XMLHttpRequest();
          const asked = new Promise<string>((resolve) => {
            request.addEventListener('load', () => resolve('asked'));
            request.addEventListener('error', () => resolve(''));
          });
          request.open('GET', url);
          request.send();
          return `${await fetched}${await asked}`;
        }),
      ),
    [site.url, pathToFileURL(join(root, 'package.json')).href, page.url()],
  );
  expect(read).toEqual(['', '', '']);
  expect(site.asked).toEqual([]);
});

test('7: the page’s policy allows only its own files: injected scripts and styles do not run', async () => {
  const { page } = checked;
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  const rules = new Map(
    (policy ?? '').split(';').map((rule) => {
      const [name = '', ...values] = rule.trim().split(/\s+/);
      return [name, values] as const;
    }),
  );
  expect(policy).not.toMatch(
    /unsafe|\*(?!\.soundlift-sound\.localhost)|\bhttps?:(?!\/\/\*\.soundlift-sound\.localhost)/,
  );
  expect(Object.fromEntries(rules)).toMatchObject({
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'connect-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  });
  const ran = await page.evaluate(async () => {
    const marks = new Set<string>();
    Object.assign(window, { mark: (name: string) => marks.add(name) });
    const script = document.createElement('script');
    script.textContent = "mark('a script')";
    document.body.append(script);
    const holder = document.createElement('div');
    holder.innerHTML = `<img src="x" onerror="mark('an image')"><a id="tried" href="javascript:mark('a link')">x</a>
      <style>#tried { position: fixed }</style><b id="styled" style="position: fixed">x</b>`;
    document.body.append(holder);
    const link = document.querySelector<HTMLAnchorElement>('#tried');
    link?.click();
    // Code that a test evaluates may use eval. Code that runs later may not.
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        try {
          // oxlint-disable-next-line no-implied-eval, no-unsafe-call -- it is to be refused
          new Function("mark('words')")();
        } catch {
          // It was refused.
        }
        resolve();
      }, 300);
    });
    for (const id of ['tried', 'styled']) {
      const element = document.getElementById(id);
      if (element !== null && getComputedStyle(element).position === 'fixed') marks.add(`the style of ${id}`);
    }
    holder.remove();
    script.remove();
    return [...marks];
  });
  expect(ran).toEqual([]);
});

test('8: a page from HTTPS gets no scripts over HTTP', async () => {
  expect(await preferencesOf(checked.app)).toMatchObject({ allowRunningInsecureContent: false });
});

test('9: no experimental feature of Chromium is on', async () => {
  expect(await preferencesOf(checked.app)).toMatchObject({ experimentalFeatures: false });
  const isSwitched = await checked.app.evaluate(({ app }) =>
    app.commandLine.hasSwitch('enable-experimental-web-platform-features'),
  );
  expect(isSwitched).toBe(false);
});

test('10: no Blink feature is on that is off by default', async () => {
  expect((await preferencesOf(checked.app))['enableBlinkFeatures']).toBeUndefined();
  expect(await checked.app.evaluate(({ app }) => app.commandLine.hasSwitch('enable-blink-features'))).toBe(false);
});

test('20: the page gets our own requests and nothing of Electron’s API', async () => {
  const { page } = checked;
  const given = await page.evaluate(async () => {
    const heard: unknown[][] = [];
    const end = window.soundlift.onChanges((...args) => void heard.push(args));
    const { settings } = await window.soundlift.state();
    await window.soundlift.changeSettings({ notifySound: !settings.notifySound });
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended: unknown = end();
    return {
      names: Object.keys(window.soundlift),
      types: [...new Set(Object.values(window.soundlift).map((value) => typeof value))],
      // The listener does not get Electron's event, which would hold the sender.
      heard: heard.map((args) => args.length),
      isPlain: JSON.stringify(heard).length > 2,
      ended: typeof ended,
      electron: ['electron', 'ipcRenderer', 'contextBridge', 'webUtils'].filter((name) => name in window),
    };
  });
  expect(given).toEqual({
    names: expect.arrayContaining([...requestNames, 'onChanges', 'pathsOf']),
    types: ['function'],
    heard: given.heard.map(() => 1),
    isPlain: true,
    ended: 'undefined',
    electron: [],
  });
  expect(given.names).toHaveLength(requestNames.length + 2);
  expect((await recorded(checked.app)).opened).toEqual([]);
});
