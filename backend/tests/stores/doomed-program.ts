import { isAppError } from '../../../shared/errors.ts';
import { openEmbeddedStores } from '../../adapters/embedded/embedded-stores.ts';
import { exampleConversion } from '../../ports/conversion-examples.ts';

/**
 * What the durability tests start, and mostly kill: opens the data folder that its second argument names, says so, and then does
 * what the first one names over and over, with a line for each time that was acknowledged.
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
    const record = exampleConversion();
    await stores.conversions.insert(record);
    say(`${record.id} 1`);
    await stores.conversions.replace(record, { ...record, revision: 2 });
    say(`${record.id} 2`);
  } else if (task === 'append') {
    await appendTo('growing', ordinal);
    await appendTo(`${ordinal}`, 1);
    await stores.videos.finish(`${ordinal}`, 1);
    say(`${ordinal}`);
  } else {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Appends the piece of 10,000 bytes that comes `ordinal`th, counted from 1; each byte tells which piece it belongs to. */
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
