import type { BrowserWindow, Dialog, MessageBoxOptions, OpenDialogOptions } from 'electron';
import type { System } from '../../ipc.ts';
import { say } from '../../words/say.ts';

export interface QuestionParts {
  readonly dialog: Pick<Dialog, 'showOpenDialog' | 'showMessageBox'>;
  readonly system: System;
  /** The window that a question belongs to; undefined while none is visible. */
  readonly window: () => BrowserWindow | undefined;
  /** File name extensions of videos and sounds, without dots. */
  readonly extensions: readonly string[];
}

/** The questions of the app to the person, through dialogs of the system. Paths are absolute. */
export interface SystemQuestions {
  /** Empty if the person cancels. */
  videos(): Promise<readonly string[]>;
  /** Asks for the file of a video that was moved. */
  video(near: string): Promise<string | undefined>;
  folder(near: string | undefined): Promise<string | undefined>;
  nameTaken(fileName: string): Promise<'keep_both' | 'replace'>;
  /** Asks whether to quit anyway. */
  quit(unfinished: number): Promise<boolean>;
}

export function createSystemQuestions({ dialog, system, window, extensions }: QuestionParts): SystemQuestions {
  const filters = [
    { name: say('menusVideosAndSounds'), extensions: [...extensions] },
    { name: say('menusAllFiles'), extensions: ['*'] },
  ];

  async function open(options: OpenDialogOptions): Promise<readonly string[]> {
    const owner = window();
    const { canceled, filePaths } = await (owner === undefined
      ? dialog.showOpenDialog(options)
      : dialog.showOpenDialog(owner, options));
    return canceled ? [] : filePaths;
  }

  async function ask(options: MessageBoxOptions): Promise<number> {
    const owner = window();
    const { response } = await (owner === undefined
      ? dialog.showMessageBox(options)
      : dialog.showMessageBox(owner, options));
    return response;
  }

  return {
    // Only macOS has a dialog for both files and folders.
    videos: () =>
      open({
        title: say('menusChooseVideos'),
        properties: ['openFile', 'multiSelections', ...(system === 'macos' ? (['openDirectory'] as const) : [])],
        filters,
      }),
    async video(near) {
      return (await open({ title: say('menusFindVideo'), defaultPath: near, properties: ['openFile'], filters }))[0];
    },
    async folder(near) {
      const properties = ['openDirectory', 'createDirectory'] as const;
      const title = say('menusChooseFolder');
      return (
        await open({ title, properties: [...properties], ...(near === undefined ? {} : { defaultPath: near }) })
      )[0];
    },
    async nameTaken(fileName) {
      const response = await ask({
        type: 'question',
        message: say('menusNameTaken', { name: fileName }),
        detail: say('menusNameTakenDetail'),
        buttons: [say('menusKeepBoth'), say('menusReplace')],
        defaultId: 0,
        cancelId: 0,
        noLink: true,
      });
      return response === 1 ? 'replace' : 'keep_both';
    },
    async quit(unfinished) {
      const response = await ask({
        type: 'question',
        message: say('menusQuitQuestion', { count: unfinished }),
        detail: say(unfinished === 1 ? 'menusQuitDetailOne' : 'menusQuitDetail'),
        buttons: [say('menusKeepRunning'), say('menusQuit')],
        defaultId: 1,
        cancelId: 0,
        noLink: true,
      });
      return response === 1;
    },
  };
}
