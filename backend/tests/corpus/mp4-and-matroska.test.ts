import { describeCorpus } from './describe-corpus.ts';
import { mp4AndMatroska } from './mp4-and-matroska-entries.ts';

describeCorpus('MP4 and Matroska', mp4AndMatroska);
