/**
 * The whole contract between the main process, which holds the state, and the renderer, which draws it. All of it is plain data. Paths
 * stay in main: the renderer knows only the names of files and folders.
 */

/** What the backend, the account and signing in look like to the renderer. */
export * from './ipc/backends.ts';
/** The conversion options behind a chosen quality. */
export * from './ipc/output-options.ts';
/** What the renderer may ask of main, and what it is given as `window.soundlift`. */
export * from './ipc/requests.ts';
/** The rows of the list and of the history. */
export * from './ipc/rows.ts';
/** The settings that the renderer shows and changes. */
export * from './ipc/settings.ts';
/** The address of a row's MP3. */
export * from './ipc/sound-url.ts';
/** The state that the renderer draws, and the changes that main sends. */
export * from './ipc/state.ts';
