// A client of the upload protocol for tests: ENDPOINT TOKEN FILE STATE.
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { Upload } from 'tus-js-client';

const [endpoint = '', token = '', file = '', state = ''] = process.argv.slice(2);
const uploadUrl = existsSync(state) ? readFileSync(state, 'utf8') : null;

// In Node the library also accepts a stream of a file, and reads the file again from wherever it resumes. Its types do
// not say so.
const source: unknown = createReadStream(file);
if (!isReadable(source)) throw new Error('the file cannot be read');
const upload = new Upload(source, {
  endpoint,
  uploadUrl,
  retryDelays: null,
  storeFingerprintForResuming: false,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: basename(file) },
  // Save it at once, because a kill may come at any moment.
  onUploadUrlAvailable() {
    if (upload.url !== null) writeFileSync(state, upload.url);
  },
  onSuccess: () => process.exit(0),
  onError(error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
});
upload.start();

function isReadable(value: unknown): value is Readable & ReadableStreamDefaultReader {
  return value instanceof Readable;
}
