// Loaded into the main process before the app (-r), in Electron and in the stand-in. It records what the app shows on the desktop in
// globalThis.recorded, where tests read it and put the answers of dialogs. See recorded.ts.
const { app, BrowserWindow, dialog, Menu, Notification, session, shell, Tray } = require('electron');

/** @type {import('./recorded.ts').Recorded} */
const recorded = {
  notifications: [],
  trays: new Map(),
  menus: [],
  progress: [],
  badges: [],
  drags: [],
  shown: [],
  opened: [],
  dialogs: [],
  answers: [],
  permissions: {},
};
globalThis.recorded = recorded;

/**
 * Passes the arguments of each call of a method to `keep`, and then calls the method.
 * @template {object} Target
 * @param {Target} target
 * @param {keyof Target} name
 * @param {(self: Target, ...args: any[]) => void} keep
 */
function watch(target, name, keep) {
  const real = /** @type {(...args: unknown[]) => unknown} */ (target[name]);
  Object.assign(target, {
    /** @this {Target} @param {unknown[]} args */
    [name](...args) {
      keep(this, ...args);
      return real.apply(this, args);
    },
  });
}

/** @param {Tray} tray */
function keptTray(tray) {
  const kept = recorded.trays.get(tray) ?? { images: 0, toolTip: '', menu: null };
  recorded.trays.set(tray, kept);
  return kept;
}

watch(Notification.prototype, 'show', (notification) => recorded.notifications.push(notification));
watch(Tray.prototype, 'setContextMenu', (tray, menu) => {
  keptTray(tray).menu = menu;
});
watch(Tray.prototype, 'setToolTip', (tray, text) => {
  keptTray(tray).toolTip = text;
});
watch(Tray.prototype, 'setImage', (tray, image) => {
  const kept = keptTray(tray);
  kept.images += 1;
  kept.image = image;
});
watch(Menu.prototype, 'popup', (menu) => recorded.menus.push(menu));
watch(BrowserWindow.prototype, 'setProgressBar', (_window, fraction, options) => {
  recorded.progress.push({ fraction, mode: options?.mode });
});
watch(app, 'setBadgeCount', (_app, count) => recorded.badges.push(count));

// Nothing must open on the screen of the person who runs the tests.
Object.assign(shell, {
  /** @param {string} path */
  showItemInFolder: (path) => void recorded.shown.push(path),
  /** @param {string} url */
  openExternal: async (url) => void recorded.opened.push(url),
  /** @param {string} path */
  openPath: async (path) => {
    recorded.opened.push(path);
    return '';
  },
});

/**
 * @param {import('./recorded.ts').RecordedDialog['kind']} kind
 * @param {object} cancelled
 */
function answerDialog(kind, cancelled) {
  /** @param {unknown[]} args a window, where there is one, and the options */
  return async (...args) => {
    const options = /** @type {import('electron').MessageBoxOptions} */ (args.at(-1));
    const button = options.cancelId === undefined ? {} : { response: options.cancelId };
    const answer = recorded.answers.shift() ?? { ...cancelled, ...button };
    recorded.dialogs.push({ kind, options, answer });
    return answer;
  };
}
Object.assign(dialog, {
  showOpenDialog: answerDialog('showOpenDialog', { canceled: true, filePaths: [] }),
  showSaveDialog: answerDialog('showSaveDialog', { canceled: true, filePath: '' }),
  showMessageBox: answerDialog('showMessageBox', { response: 0, checkboxChecked: false }),
});

app.on('web-contents-created', (_event, contents) => {
  watch(contents, 'setWindowOpenHandler', (_contents, handler) => {
    recorded.permissions.open = handler;
  });
  Object.assign(contents, {
    /** @param {import('./recorded.ts').Recorded['drags'][number]} item */
    startDrag: (item) => void recorded.drags.push(item),
  });
});
app.once('ready', () => {
  watch(session.defaultSession, 'setPermissionRequestHandler', (_session, handler) => {
    recorded.permissions.request = handler;
  });
  watch(session.defaultSession, 'setPermissionCheckHandler', (_session, handler) => {
    recorded.permissions.check = handler;
  });
});
