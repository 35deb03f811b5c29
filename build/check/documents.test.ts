import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

const sources: string[] = [];
for await (const path of glob('{backend,shared,desktop,build}/**/*.{ts,mjs,sql,sh}', {
  cwd: root,
  exclude: ['**/node_modules/**'],
})) {
  sources.push(path.replaceAll(sep, '/'));
}

/** Every file with this name, or with a path that ends so. */
function filesNamed(name: string): readonly string[] {
  return sources.filter((path) => `/${path}`.endsWith(`/${name}`));
}

interface Citation {
  readonly file: string;
  /** What the file is said to contain. */
  readonly text: string;
}

/** In a document, `file.ts#name` cites a name in the code, and "words" a test or a log line of the file that was named before on the same line. */
function citationsIn(document: string): readonly Citation[] {
  return document.split('\n').flatMap((line) => {
    let file: string | undefined;
    return [...line.matchAll(/`([\w./-]+\.(?:ts|mjs|sql|sh))(?:#(\w+))?`|"([^"]+)"/g)].flatMap(
      ([, named, name = '', words]) => {
        file = named ?? file;
        return file === undefined ? [] : [{ file, text: words ?? name }];
      },
    );
  });
}

async function isThere({ file, text }: Citation): Promise<boolean> {
  const contents = await Promise.all(filesNamed(file).map(read));
  return contents.some((code) => code.includes(text));
}

describe.each(['backend/conversions/PROTOCOL.md', 'backend/deploy/FAILURES.md'])('%s', async (path) => {
  const document = await read(path);

  it('cites only files, names, tests and log lines that exist', async () => {
    const citations = citationsIn(document);
    expect(citations.length).toBeGreaterThan(20);
    const found = await Promise.all(citations.map(isThere));
    expect(citations.filter((_, index) => !found[index])).toEqual([]);
  });
});

it.each([
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'SETTINGS.md',
  'backend/conversions/PROTOCOL.md',
  'backend/deploy/FAILURES.md',
])('%s links only to files that exist', async (path) => {
  const targets = [...(await read(path)).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
  expect(targets.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
});

describe('PROTOCOL.md', async () => {
  const document = await read('backend/conversions/PROTOCOL.md');

  it.each([
    [
      'field of a row',
      'backend/ports/conversion-store.ts',
      /interface ConversionRow \{(.*?)\n\}/s,
      /readonly (\w+)\??:/g,
    ],
    ['change of a row', 'backend/conversions/life-cycle.ts', /const legalFrom.*?= \{(.*?)\n\};/s, /^ {2}(\w+):/gm],
    ['message between services', 'backend/messages.ts', /internalMessageSchema = (.*?)\n\]/s, /literal\('(\w+)'\)/g],
  ])('names every %s', async (_what, path, block, each) => {
    const [, declared = ''] = block.exec(await read(path)) ?? [];
    const names = [...declared.matchAll(each)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
  });
});
