import type { App } from 'electron';
import { type Incoming, readCommandLine } from './command-line.ts';
import { parseSoundliftLink } from './soundlift-link.ts';

export interface ReceiveIncoming {
  readonly app: Pick<App, 'on'>;
  /** The command line of this start. */
  readonly argv: readonly string[];
  readonly folder: string;
  /** Absolute; absent where the app is packaged. */
  readonly appPath?: string;
}

/** All ways in which files and links come from outside the window. */
export interface IncomingStream {
  /** Calls `listener` with what came so far, including with this start, and with all that comes from now on. */
  follow(listener: (incoming: Incoming) => void): void;
}

/** To be called before the app is ready, because macOS reports files that early. */
export function openRequests({ app, argv, folder, appPath }: ReceiveIncoming): IncomingStream {
  const own = appPath === undefined ? {} : { appPath };
  let waiting: Incoming[] = [readCommandLine({ argv, folder, ...own })];
  let listener: ((incoming: Incoming) => void) | undefined;

  function receive(incoming: Incoming): void {
    if (listener === undefined) waiting.push(incoming);
    else listener(incoming);
  }

  app.on('second-instance', (_event, otherArgv, otherFolder) => {
    receive({ ...readCommandLine({ argv: otherArgv, folder: otherFolder, ...own }), isHidden: false });
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    receive({ paths: [path], links: [], isHidden: false });
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    const link = parseSoundliftLink(url);
    if (link !== undefined) receive({ paths: [], links: [link], isHidden: false });
  });

  return {
    follow(each) {
      listener = each;
      const all = waiting;
      waiting = [];
      for (const incoming of all) each(incoming);
    },
  };
}
