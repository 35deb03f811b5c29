import type {
  Menu,
  MessageBoxOptions,
  NativeImage,
  Notification,
  OpenDialogOptions,
  SaveDialogOptions,
  Session,
  Tray,
  WebContents,
} from 'electron';

/** A dialog's options and the answer that it returned. */
export interface RecordedDialog {
  readonly kind: 'showOpenDialog' | 'showSaveDialog' | 'showMessageBox';
  readonly options: OpenDialogOptions & SaveDialogOptions & MessageBoxOptions;
  readonly answer: object;
}

export interface RecordedTray {
  image?: NativeImage | string;
  /** How many times the image was set. */
  images: number;
  toolTip: string;
  menu: Menu | null;
}

/** What the app has shown on the desktop. `recorder.cjs` stores it in `globalThis.recorded` of the main process. */
export interface Recorded {
  readonly notifications: Notification[];
  readonly trays: Map<Tray, RecordedTray>;
  /** Menus that popped up. */
  readonly menus: Menu[];
  readonly progress: { readonly fraction: number; readonly mode: string | undefined }[];
  readonly badges: (number | undefined)[];
  readonly drags: { readonly file: string; readonly icon: NativeImage | string }[];
  /** Paths shown in their folder. */
  readonly shown: string[];
  /** Addresses and paths that were opened with the system's default program. */
  readonly opened: string[];
  readonly dialogs: RecordedDialog[];
  /** The answers of the next dialogs, in order. A dialog without one is cancelled. */
  readonly answers: object[];
  readonly permissions: {
    request?: Parameters<Session['setPermissionRequestHandler']>[0];
    check?: Parameters<Session['setPermissionCheckHandler']>[0];
    /** The handler of the newest page. */
    open?: Parameters<WebContents['setWindowOpenHandler']>[0];
  };
}

declare global {
  var recorded: Recorded;
}
