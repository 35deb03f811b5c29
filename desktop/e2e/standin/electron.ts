// The module `electron` for a main process that runs in plain Node: the part of the API that this app uses, with windows that are
// Chromium's, over its DevTools protocol. What is not implemented throws by name: see `strict.ts`.
import * as allApis from './all-apis.ts';
import { strict } from './strict.ts';

export * from './all-apis.ts';

// The real one is one CommonJS object: `import electron from 'electron'` and `require('electron')` see it, too.
const everything = strict('electron', { ...allApis });
export default everything;
export { everything as 'module.exports' };
