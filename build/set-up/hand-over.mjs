import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { pinnedNode } from './packages.mjs';
import { onParentGone } from './parent-gone.mjs';
import { pathVariable } from './programs.mjs';
import { SetUpError } from './say.mjs';

/** Signals that ask a program to end. A terminal sends SIGINT and SIGHUP to every process of its group. */
const endingSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

/**
 * Runs a script on the pinned Node, with our standard streams, working folder and environment; and exits as the script does. Forwards
 * signals, so the script may get one Ctrl-C several times: from the terminal, npm and us.
 * @param {string} root
 * @param {string} script absolute path
 * @param {readonly string[]} args
 */
export async function handOver(root, script, args) {
  const environment = withOwnProgramsFirst(process.env, join(root, 'node_modules', '.bin'));
  const child = spawn(pinnedNode(root), [script, ...args], { stdio: 'inherit', env: environment });
  for (const signal of endingSignals) {
    process.on(signal, () => {
      // On Windows the console signals every process itself, and `kill` would end the script at once.
      if (process.platform !== 'win32') child.kill(signal);
    });
  }
  // A signal to npm ends npm and the shell between us, but does not reach us. A caller other than npm may want us to go on.
  if (process.env['npm_lifecycle_event'] !== undefined) onParentGone(() => child.kill('SIGTERM'));
  /** @type {{ code: number | null, signal: NodeJS.Signals | null }} */
  const end = await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new SetUpError(`The Node of this project cannot be started: ${error.message}`)),
    );
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  endLike(end);
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} folder
 * @returns {NodeJS.ProcessEnv}
 */
export function withOwnProgramsFirst(environment, folder) {
  const variable = pathVariable(environment);
  const folders = (environment[variable] ?? '').split(delimiter).filter((each) => each !== folder && each !== '');
  return { ...environment, [variable]: [folder, ...folders].join(delimiter) };
}

/** @param {{ code: number | null, signal: NodeJS.Signals | null }} end */
function endLike({ code, signal }) {
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  for (const each of endingSignals) process.removeAllListeners(each);
  // If the signal does not end us (a container's first process ignores most), exit with a shell's code for it.
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
}
