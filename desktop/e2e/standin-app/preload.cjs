const { contextBridge, ipcRenderer, webUtils } = require('electron');

contextBridge.exposeInMainWorld('api', {
  echo: (/** @type {unknown} */ value) => ipcRenderer.invoke('echo', value),
  fail: () => ipcRenderer.invoke('fail'),
  pathOf: (/** @type {File} */ file) => webUtils.getPathForFile(file),
  onMessage: (/** @type {(text: string) => void} */ listener) => {
    ipcRenderer.on('message', (_event, text) => listener(text));
  },
});
