import { shortTexts } from './expect-linear.ts';
import { describeLinearTime } from './linear-time.ts';

describeLinearTime(shortTexts);
