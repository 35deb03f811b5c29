import type { App } from 'electron';

export interface Quitting {
  readonly app: Pick<App, 'on' | 'exit'>;
  /** How many videos this computer would leave unfinished; 0 if a server continues with them. */
  readonly unfinishedHere: () => number;
  /** Asks whether to quit anyway. */
  readonly ask: (unfinished: number) => Promise<boolean>;
  /** Ends everything in order. */
  readonly end: () => Promise<void>;
  readonly onDefect: (error: unknown) => void;
}

export interface QuitState {
  /** True once it is decided, so that windows may close. */
  readonly decided: boolean;
}

/** The app does not wait longer for an orderly end. The next start recovers from a kill as well. */
const longestEndMilliseconds = 8000;

/** Asks before work of this computer is left unfinished, and ends everything in order before the app quits. */
export function watchQuitting({ app, unfinishedHere, ask, end, onDefect }: Quitting): QuitState {
  let decided = false;
  let asking = false;
  let ending: Promise<void> | undefined;

  async function askFirst(unfinished: number, quit: () => void): Promise<void> {
    asking = true;
    try {
      decided = await ask(unfinished);
    } finally {
      asking = false;
    }
    if (decided) quit();
  }

  async function endAll(): Promise<void> {
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, longestEndMilliseconds).unref();
    });
    try {
      await Promise.race([end(), late]);
    } catch (error) {
      onDefect(error);
    }
    app.exit(0);
  }

  function beforeQuit(event: { preventDefault(): void }): void {
    // Electron then closes the windows by itself. The app quits in `endAll`.
    event.preventDefault();
    if (ending !== undefined || asking) return;
    const unfinished = decided ? 0 : unfinishedHere();
    const quit = (): void => {
      decided = true;
      ending = endAll();
    };
    if (unfinished === 0) quit();
    else askFirst(unfinished, quit).catch(onDefect);
  }

  app.on('before-quit', beforeQuit);
  return {
    get decided() {
      return decided;
    },
  };
}
