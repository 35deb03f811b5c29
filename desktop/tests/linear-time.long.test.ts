import { longTexts } from '../../backend/tests/parsers/expect-linear.ts';
import { describeLinearTime } from './linear-time.ts';

describeLinearTime(longTexts);
