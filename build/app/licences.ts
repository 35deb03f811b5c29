import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  /** An old form of the field, used about ten years ago. */
  readonly licenses?: readonly { readonly type?: string }[];
}

/** The folder of a module's package; undefined for our own modules and those that the bundler generates. */
export function packageFolderOf(module: string): string | undefined {
  const path = module.replace(/^\0/, '').replace(/\?.*$/, '');
  if (!/[\\/]node_modules[\\/]/.test(path)) return undefined;
  // A folder inside a package may have its own package.json that only gives the type of its modules.
  for (let folder = dirname(path); !/[\\/]node_modules$/.test(folder); folder = dirname(folder)) {
    if (readPackage(folder)?.version !== undefined) return folder;
    if (dirname(folder) === folder) return undefined;
  }
  return undefined;
}

/** The text that people see: the app's licence, then each bundled package's, sorted by name. */
export function licencesText(own: string, packageFolders: Iterable<string>): string {
  const parts = new Map<string, string>();
  for (const folder of packageFolders) {
    const { name = folder, version = '', license, licenses } = readPackage(folder) ?? {};
    const kind = license ?? licenses?.[0]?.type ?? readmeLicence(folder) ?? 'of an unknown licence';
    parts.set(`${name} ${version}`, `${name} ${version} (${kind})\n\n${licenceFilesOf(folder)}`);
  }
  const sorted = [...parts].toSorted(([one], [other]) => one.localeCompare(other, 'en')).map(([, text]) => text.trim());
  return `${[`Soundlift\n\n${own.trim()}`, ...sorted].join(`\n\n${'─'.repeat(72)}\n\n`)}\n`;
}

function readPackage(folder: string): PackageFile | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const found: PackageFile = JSON.parse(readFileSync(file, 'utf8'));
  return found;
}

/** Some packages state their licence only at the end of the README. */
function readmeLicence(folder: string): string | undefined {
  const [name] = readdirSync(folder).filter((each) => /^readme(\.|$)/i.test(each));
  if (name === undefined) return undefined;
  return /^## Licen[cs]e\s+(\S.*)$/im.exec(readFileSync(join(folder, name), 'utf8'))?.[1]?.trim();
}

function licenceFilesOf(folder: string): string {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(name))
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join('\n\n');
}
