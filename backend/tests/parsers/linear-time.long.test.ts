import { longTexts } from './expect-linear.ts';
import { describeLinearTime } from './linear-time.ts';

describeLinearTime(longTexts);
