import { describeCorpus } from './describe-corpus.ts';
import { otherEntries } from './other-entries.ts';

describeCorpus('other films, sound alone, and chosen outputs', otherEntries);
