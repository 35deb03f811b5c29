import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The version of Soundlift, or `unknown`. */
export async function readOwnVersion(): Promise<string> {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  const facts: unknown = JSON.parse(await readFile(file, 'utf8'));
  return typeof facts === 'object' && facts !== null && 'version' in facts ? String(facts.version) : 'unknown';
}
