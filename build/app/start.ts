// npm start [-- FILE…]: opens the app, with the files in its list.
import { SetUpError, say } from '../set-up/say.mjs';
import { buildStaleBundles } from './bundles.ts';
import { findElectron } from './electron-binary.ts';
import { endApp, ended, onEnd, startApp } from './run-app.ts';

try {
  const [binary] = await Promise.all([findElectron(), buildStaleBundles()]);
  const app = startApp(binary, process.argv.slice(2));
  onEnd(() => void endApp(app));
  process.exitCode = await ended(app);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
