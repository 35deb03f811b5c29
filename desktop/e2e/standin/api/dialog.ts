import { strict } from '../strict.ts';

/** Nobody can answer a dialog of the stand-in: a test has to replace the function. */
const unanswered = (name: string) => async (): Promise<never> => {
  throw new Error(`stand-in electron: ${name} opened and no test answers it`);
};

export const dialog = strict('dialog', {
  showOpenDialog: unanswered('dialog.showOpenDialog'),
  showSaveDialog: unanswered('dialog.showSaveDialog'),
  showMessageBox: unanswered('dialog.showMessageBox'),
  showErrorBox: (title: string, content: string) => void process.stderr.write(`[error box] ${title}: ${content}\n`),
});
