import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { customSchemes } from '../api/protocol.ts';
import { bridge } from '../page/bridge.ts';
import { structuredCodec } from '../page/codec.ts';
import { pageSide } from '../page/page-side.ts';
import { preloadSide } from '../page/preload-side.ts';

/** The name of the world in which Electron runs preload scripts. */
export const preloadWorld = 'Electron Isolated Context';

// A function's source is injected as it is: Node has removed its types, and it uses nothing from outside.
const onTop = (code: string): string => `if (window === window.top) { ${code} }`;

/** For the page's own world. */
export const pageScript = (): string =>
  onTop(`(${String(pageSide)})(${JSON.stringify(customSchemes())}); (${String(bridge)})('main');`);

/** For the preload script's world. */
export function preloadScript(file: string, additionalArguments: readonly string[]): string {
  const { versions, platform, arch, env, argv } = process;
  const info = { versions, platform, arch, env, argv: [argv[0], ...additionalArguments] };
  const source = readFileSync(file, 'utf8');
  const preload = `function (require, module, exports, process, global) {${source}\n}`;
  const run = `(${String(preloadSide)})((${String(structuredCodec)})(), (${String(bridge)})('preload'), ${JSON.stringify(info)}, ${preload});`;
  return `${onTop(run)}\n//# sourceURL=${pathToFileURL(file).href}`;
}
