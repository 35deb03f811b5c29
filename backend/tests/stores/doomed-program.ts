import { isAppError } from '../../../shared/errors.ts';
import { openEmbeddedStores } from '../../adapters/embedded/embedded-stores.ts';
import { exampleConversion } from '../../ports/conversion-examples.ts';

/**
 * A program that the durability tests start and usually kill. It opens the data folder named by its second argument, prints
 * "opened", and then repeats the task named by its first argument. It prints a line for each acknowledged write.
 */
const [task, folder = ''] = process.argv.slice(2);

const stores = await openEmbeddedStores(folder);
say('opened');

if (task === 'fill') {
  const piece = Buffer.alloc(5_000_000, 1);
  const error = await append('growing', 0, piece).catch((reason: unknown) => reason);
  say(isAppError(error) ? error.code : `${error}`);
  say(`${(await stores.videos.stat('growing'))?.bytes}`);
  process.exit();
}

for (let ordinal = 1; ; ordinal++) {
  if (task === 'insert') {
    const row = exampleConversion();
    await stores.conversions.insert(row);
    say(`${row.id} 1`);
    await stores.conversions.replace(row, { ...row, revision: 2 });
    say(`${row.id} 2`);
  } else if (task === 'append') {
    await appendTo('growing', ordinal);
    await appendTo(`${ordinal}`, 1);
    await stores.videos.finish(`${ordinal}`, 1);
    say(`${ordinal}`);
  } else {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Appends piece number `ordinal`, counted from 1. A piece is 10,000 bytes, and each byte contains the piece's number. */
async function appendTo(id: string, ordinal: number): Promise<void> {
  const piece = Buffer.alloc(10_000, ordinal);
  await append(id, (ordinal - 1) * piece.length, piece);
}

async function append(id: string, offset: number, piece: Uint8Array): Promise<void> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield piece;
  }
  await stores.videos.append(id, 1, offset, source(), { conversionId: id, owner: 'anna', fileName: id });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
