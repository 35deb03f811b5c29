import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron';
import { type AppChange, changesChannel, requestChannel, requestNames, type SoundliftApi } from '../ipc.ts';

const requests = Object.fromEntries(
  requestNames.map((name) => [name, (...args: unknown[]) => ipcRenderer.invoke(requestChannel(name), ...args)]),
);

const api = {
  ...requests,
  onChanges(listener: (changes: readonly AppChange[]) => void) {
    const hear = (_event: IpcRendererEvent, changes: readonly AppChange[]): void => listener(changes);
    ipcRenderer.on(changesChannel, hear);
    return () => {
      ipcRenderer.removeListener(changesChannel, hear);
    };
  },
  pathsOf: (files: readonly File[]) => files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== ''),
} as unknown as SoundliftApi;

contextBridge.exposeInMainWorld('soundlift', api);
