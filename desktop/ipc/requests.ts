import type { AccountAnswer, Certificate, SignInForm } from './backends.ts';
import type { HistoryPage, HistoryQuery, RowDetails } from './rows.ts';
import type { SettingsChange } from './settings.ts';
import type { AppChange, AppState, Page } from './state.ts';

/**
 * Everything that the renderer may ask for. Main checks the arguments (`desktop/main/requests`), answers, and sends everything else as
 * changes.
 */
export interface Requests {
  /** The current state. Changes are sent from then on. */
  state(): AppState;
  /** Says which page is shown. While it is not the list, a toast reports what happens in the list. */
  shown(page: Page): void;

  // The backend and the account.
  useThisComputer(): void;
  signIn(form: SignInForm): AccountAnswer;
  createAccount(form: SignInForm): AccountAnswer;
  /** The code that was mailed to a new account. */
  confirmAddress(code: string): AccountAnswer;
  sendCodeAgain(): AccountAnswer;
  /** Mails a code with which a forgotten password can be replaced. */
  forgotPassword(form: Omit<SignInForm, 'password'>): AccountAnswer;
  /** Sets a new password by that code, and signs in. */
  resetPassword(form: SignInForm & { readonly code: string }): AccountAnswer;
  certificate(address: string): Certificate | null;
  signOut(): void;
  setMail(wanted: boolean): AccountAnswer;
  tryNow(): void;

  // The list.
  /** Opens a dialog. */
  chooseVideos(): void;
  /** Absolute paths of files and folders, as they were dropped. */
  addPaths(paths: readonly string[]): void;
  /** Files on the clipboard. */
  paste(): void;
  /** `cancel` is for rows that have not ended, `remove` for those that have. Both can be undone. */
  cancel(id: string): void;
  remove(id: string): void;
  /** Takes finished rows out of the list; they stay in the history. */
  clearFinished(): void;
  /** Undoes the latest change of the list that can be undone. */
  undo(): void;
  /** The toast has timed out or was closed. */
  dismissToast(toastId: string): void;
  retry(id: string): void;
  pauseAll(): void;
  continueAll(): void;
  continueRow(id: string): void;
  chooseTrack(id: string, track: number): void;
  convertHere(id: string): void;
  /** Opens a dialog for a source that was moved. */
  findSource(id: string): void;
  /** Opens a dialog for another folder, for an MP3 that could not be saved. */
  saveElsewhere(id: string): void;
  showInFolder(id: string): void;
  showSource(id: string): void;
  copyFile(id: string): void;
  /** Starts dragging the MP3 out of the window. */
  dragOut(id: string): void;
  /** Opens the system's menu of a row. */
  rowMenu(id: string): void;
  details(id: string): RowDetails | null;
  copyText(text: string): void;
  /** Up to 400 peaks, 0–255, evenly over the sound of a row or of an item of the history. */
  peaks(id: string): readonly number[];

  // The history.
  history(query: HistoryQuery): HistoryPage;
  removeFromHistory(id: string): void;
  convertAgain(id: string): void;
  clearHistory(): void;

  // Notifications.
  markNoticesRead(): void;
  noticeAction(id: string): void;
  toastAction(id: string): void;

  // Settings.
  changeSettings(change: SettingsChange): void;
  /** Opens a dialog for the folder to save to. */
  chooseSaveFolder(): void;
  /** Opens the system's menu of folders to save to. */
  saveMenu(): void;
  copyReport(): void;
  showLicences(): void;
}

export type RequestName = keyof Requests;

/** The names of the requests as values. The type makes a missing one a compile error. */
const allRequests: Readonly<Record<RequestName, true>> = {
  state: true,
  shown: true,
  useThisComputer: true,
  signIn: true,
  createAccount: true,
  confirmAddress: true,
  sendCodeAgain: true,
  forgotPassword: true,
  resetPassword: true,
  certificate: true,
  signOut: true,
  setMail: true,
  tryNow: true,
  chooseVideos: true,
  addPaths: true,
  paste: true,
  cancel: true,
  remove: true,
  clearFinished: true,
  undo: true,
  dismissToast: true,
  retry: true,
  pauseAll: true,
  continueAll: true,
  continueRow: true,
  chooseTrack: true,
  convertHere: true,
  findSource: true,
  saveElsewhere: true,
  showInFolder: true,
  showSource: true,
  copyFile: true,
  dragOut: true,
  rowMenu: true,
  details: true,
  copyText: true,
  peaks: true,
  history: true,
  removeFromHistory: true,
  convertAgain: true,
  clearHistory: true,
  markNoticesRead: true,
  noticeAction: true,
  toastAction: true,
  changeSettings: true,
  chooseSaveFolder: true,
  saveMenu: true,
  copyReport: true,
  showLicences: true,
};

export const requestNames = Object.keys(allRequests) as readonly RequestName[];

/** The channel of a request, and the channel on which changes are sent. */
export const requestChannel = (name: RequestName): string => `request:${name}`;
export const changesChannel = 'changes';

/** The type of `window.soundlift` in the renderer. */
export type SoundliftApi = {
  readonly [Name in RequestName]: (...args: Parameters<Requests[Name]>) => Promise<Awaited<ReturnType<Requests[Name]>>>;
} & {
  /** Calls `listener` with all changes. Returns a function that stops this. */
  onChanges(listener: (changes: readonly AppChange[]) => void): () => void;
  /** The paths of dropped files, without files that are not on a disk. */
  pathsOf(files: readonly File[]): readonly string[];
};
