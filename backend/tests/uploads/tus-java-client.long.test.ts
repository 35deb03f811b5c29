import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeCutUploads } from './cut-uploads.ts';
import { tusClientOf } from './tus-client.ts';

const run = promisify(execFile);
const version = '0.5.1';
const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'soundlift-java');

/** Absolute path of the library's JAR, which is downloaded from Maven Central the first time. Throws if that fails. */
async function installLibrary(): Promise<string> {
  const name = `tus-java-client-${version}.jar`;
  const jar = join(cache, name);
  if (await stat(jar).catch(() => undefined)) return jar;
  const address = `https://repo1.maven.org/maven2/io/tus/java/client/tus-java-client/${version}/${name}`;
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`tus-java-client cannot be downloaded from Maven Central: ${answer.status}`);
  await mkdir(cache, { recursive: true });
  await writeFile(jar, await answer.bytes());
  return jar;
}

describeCutUploads('tus-java-client', async () => {
  await run('java', ['-version']).catch((error: unknown) => {
    throw new Error('Java 11 or later is needed to test tus-java-client', { cause: error });
  });
  const library = await installLibrary();
  return tusClientOf('java', ['-cp', library, join(import.meta.dirname, 'UploadWithTusJavaClient.java')]);
});
