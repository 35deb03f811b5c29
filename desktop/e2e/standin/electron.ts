// The module `electron` for a main process in plain Node: the part of the API that this app uses, with windows in Chromium. What is not
// implemented throws by name: see `strict.ts`.
import * as allApis from './all-apis.ts';
import { strict } from './strict.ts';

export * from './all-apis.ts';

// The real module is one CommonJS object, which `import electron from 'electron'` and `require('electron')` return.
const everything = strict('electron', { ...allApis });
export default everything;
export { everything as 'module.exports' };
