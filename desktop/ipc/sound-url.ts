/** The renderer plays MP3s from here: `soundlift-sound://row/ID` is the MP3 of a row or of an item of the history. */
export const soundScheme = 'soundlift-sound';
export const soundUrl = (id: string): string => `${soundScheme}://row/${encodeURIComponent(id)}`;
