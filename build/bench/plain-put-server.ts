// Uploads are compared with this: it streams a PUT to a file and does nothing else. It does not wait for the disk.
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream/promises';

const [target = ''] = process.argv.slice(2);

const server = createServer((request, response) => {
  pipeline(request, createWriteStream(target)).then(
    () => response.end(),
    () => response.destroy(),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
