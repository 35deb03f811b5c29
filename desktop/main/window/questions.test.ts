import type { BrowserWindow, Dialog, MessageBoxOptions, OpenDialogOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import type { System } from '../../ipc.ts';
import { createSystemQuestions } from './questions.ts';

const owner = { name: 'the window' } as unknown as BrowserWindow;

interface Asked {
  readonly owner: unknown;
  readonly options: OpenDialogOptions & MessageBoxOptions;
}

/** Dialogs that are answered with `paths` (none if the person cancels), or by the button with that number. */
function questionsOf(
  answer: { paths?: readonly string[]; response?: number },
  system: System = 'linux',
  window = true,
) {
  const asked: Asked[] = [];
  const keep = (args: unknown[]): void => {
    asked.push({ owner: args.length === 2 ? args[0] : undefined, options: args.at(-1) as Asked['options'] });
  };
  const dialog = {
    async showOpenDialog(...args: unknown[]) {
      keep(args);
      return { canceled: answer.paths === undefined, filePaths: [...(answer.paths ?? [])] };
    },
    async showMessageBox(...args: unknown[]) {
      keep(args);
      return { response: answer.response ?? 0, checkboxChecked: false };
    },
  } as unknown as Dialog;
  const extensions = ['mp4', 'flac'];
  const questions = createSystemQuestions({ dialog, system, extensions, window: () => (window ? owner : undefined) });
  return { questions, asked };
}

describe('a question of the app', () => {
  it.each([
    ['linux', ['openFile', 'multiSelections']],
    ['windows', ['openFile', 'multiSelections']],
    ['macos', ['openFile', 'multiSelections', 'openDirectory']],
  ] as const)('for videos also offers folders only if one dialog can do both: %s', async (system, properties) => {
    const { questions, asked } = questionsOf({ paths: ['/a.mp4', '/b'] }, system);
    expect(await questions.videos()).toEqual(['/a.mp4', '/b']);
    expect(asked).toMatchObject([{ owner, options: { properties, filters: [{ extensions: ['mp4', 'flac'] }, {}] } }]);
  });

  it('has no answer if the person cancels', async () => {
    const { questions } = questionsOf({});
    expect(await questions.videos()).toEqual([]);
    expect(await questions.video('/old/a.mp4')).toBeUndefined();
    expect(await questions.folder(undefined)).toBeUndefined();
  });

  it('opens at the previous location of the video', async () => {
    const { questions, asked } = questionsOf({ paths: ['/new'] });
    expect(await questions.video('/old/a.mp4')).toBe('/new');
    expect(await questions.folder('/old')).toBe('/new');
    await questions.folder(undefined);
    expect(asked.map(({ options }) => options.defaultPath)).toEqual(['/old/a.mp4', '/old', undefined]);
  });

  it('belongs to no window if none is visible', async () => {
    const { questions, asked } = questionsOf({ paths: [] }, 'linux', false);
    await questions.videos();
    await questions.quit(2);
    expect(asked.map((one) => one.owner)).toEqual([undefined, undefined]);
  });

  it('about an existing file replaces nothing unless the person chooses that', async () => {
    const keeping = questionsOf({ response: 0 });
    expect(await keeping.questions.nameTaken('Talk.mp3')).toBe('keep_both');
    const [question] = keeping.asked;
    expect(question?.options).toMatchObject({ defaultId: 0, cancelId: 0 });
    expect(question?.options.message).toContain('Talk.mp3');
    expect(await questionsOf({ response: 1 }).questions.nameTaken('Talk.mp3')).toBe('replace');
  });

  it('whether to quit takes Esc as no', async () => {
    const staying = questionsOf({ response: 0 });
    expect(await staying.questions.quit(2)).toBe(false);
    expect(staying.asked[0]?.options).toMatchObject({ cancelId: 0, buttons: ['Keep running', 'Quit'] });
    expect(await questionsOf({ response: 1 }).questions.quit(1)).toBe(true);
  });
});
