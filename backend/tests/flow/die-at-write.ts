// Loaded into a service of a cluster before its own code (node --import). It kills the service with SIGKILL before or after the first
// write to MongoDB that DIE_AT_WRITE matches, a regular expression over `before COLLECTION ARGUMENTS` and `after COLLECTION ARGUMENTS`.
import { Collection } from 'mongodb';

const dieAt = new RegExp(process.env['DIE_AT_WRITE'] ?? '(?!)');

function take(step: string): void {
  if (dieAt.test(step)) process.kill(0, 'SIGKILL');
}

for (const name of ['updateOne', 'findOneAndUpdate'] as const) {
  const original: unknown = Reflect.get(Collection.prototype, name);
  if (typeof original !== 'function') throw new Error(`a collection has no method ${name}`);
  Reflect.set(Collection.prototype, name, async function (this: Collection, ...words: readonly unknown[]) {
    const write = `${this.collectionName} ${JSON.stringify(words)}`;
    take(`before ${write}`);
    const answer: unknown = await Reflect.apply(original, this, words);
    take(`after ${write}`);
    return answer;
  });
}
